#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace kn::event_stream {

/// What the parser tells; the views live as long as the call.
class listener {
  public:
    virtual void on_event(std::string_view type, std::string_view data, std::string_view id) = 0;
    virtual void on_retry(std::uint64_t delay_ms) = 0;

  protected:
    ~listener() = default;
};

/// The event stream format of the HTML standard (9.2.6), fed in pieces of any size. One parser per
/// connection; linear in its input; it holds at most @p max_event_size bytes of one event, and
/// nothing of comments and unknown fields.
class parser {
  public:
    /// @p last_event_id is what the connection before left behind.
    parser(listener &to, std::size_t max_event_size, std::string last_event_id);

    /// False when an event is too big: the stream is of no use from there on.
    bool feed(std::string_view bytes);

    /// The id of the last event that came whole; where a new connection has to go on.
    const std::string &last_event_id() const noexcept { return last_event_id_; }

  private:
    enum class partial_line { wanted, ignored };

    bool feed_lines(std::string_view bytes);
    std::string_view skip_byte_order_mark(std::string_view bytes, bool &ok);
    bool finish_line(std::string_view piece);
    bool keep_partial(std::string_view bytes);
    bool take_line(std::string_view line);
    bool take_field(std::string_view name, std::string_view value);
    bool take_data(std::string_view value);
    bool take_text(std::string &field, std::string_view value);
    void take_retry(std::string_view digits);
    bool end_of_block();

    listener &listener_;
    const std::size_t max_event_size_;
    const std::size_t max_line_size_;

    std::size_t mark_matched_ = 0; // bytes of a byte order mark seen at the very start
    bool at_start_ = true;
    bool after_cr_ = false;
    partial_line partial_kind_ = partial_line::wanted;
    std::string partial_; // a line that has not ended yet

    bool has_data_ = false;
    std::string data_;
    std::string type_;
    std::string id_;
    std::string last_event_id_;
};

} // namespace kn::event_stream
