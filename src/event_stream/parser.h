#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "event_stream/field.h"

namespace kn::event_stream {

/// What a stream of acknowledged events says of each beside the fields of the HTML standard.
struct Delivery {
    std::uint64_t tag = 0; // 0: none
    std::int32_t attempt = 1;
    std::int64_t time_ms = -1;
    std::string ref; // "": none
};

/// The event stream format of the HTML standard (9.2.6), read in pieces of any size, an event at a
/// time. One parser per connection; linear in its input; it holds at most @p max_event_size bytes
/// of one event, and nothing of comments and unknown fields.
class Parser {
  public:
    /// Whether the fields `tag`, `attempt`, `ref` and `time` mean something.
    enum class Fields { standard, with_delivery };

    /// @p last_event_id is what the connection before left behind.
    Parser(std::size_t max_event_size, std::string last_event_id, Fields fields = Fields::standard);

    enum class Outcome {
        needs_more, // all bytes were taken, no event is whole
        event,      // one is: see type(), data() and last_event_id()
        too_big,    // the stream is of no use from here on
    };

    /// Takes bytes from the front of @p bytes, up to the end of the next event.
    Outcome read(std::string_view &bytes);

    // The event that was read last. The views live until the next read(), and as long as the bytes
    // that read() was given.
    std::string_view type() const noexcept { return type_.size() == 0 ? "message" : type_.view(); }
    std::string_view data() const noexcept { return data_.view(); }
    bool type_holds_nul() const noexcept { return type_.holds_nul(); }
    const Delivery &delivery() const noexcept { return delivery_; }

    /// The id of the last block that came whole; where a new connection has to go on.
    const std::string &last_event_id() const noexcept { return last_event_id_; }

    /// The stream's `retry:` since this was asked last, in milliseconds.
    std::optional<std::uint64_t> take_retry_hint() noexcept {
        return std::exchange(retry_hint_, std::nullopt);
    }

  private:
    enum class PartialLine { wanted, ignored };

    Outcome read_lines(std::string_view &bytes);
    Outcome needs_more();
    void settle();
    bool take_record(std::string_view &bytes);
    bool skip_byte_order_mark(std::string_view &bytes);
    void begin_event();
    Outcome finish_line(std::string_view piece, bool is_plain);
    Outcome finish_partial(std::string_view piece);
    bool keep_partial(std::string_view bytes);
    Outcome take_line(std::string_view line, bool is_plain);
    bool take_data(std::string_view value, bool is_plain);
    bool take_type(std::string_view value, bool is_plain);
    bool take_id(std::string_view value, bool is_plain);
    void take_of_delivery(std::string_view line);
    bool may_matter(std::string_view beginning) const noexcept;
    void take_retry(std::string_view digits);
    Outcome end_of_block();

    const std::size_t max_event_size_;
    const bool reads_delivery_;
    const std::size_t longest_field_name_;
    const std::size_t max_line_size_;

    std::size_t mark_matched_ = 0; // bytes of a byte order mark seen at the very start
    bool at_start_ = true;
    bool after_cr_ = false;
    PartialLine partial_kind_ = PartialLine::wanted;
    std::string partial_; // a line that has not ended yet

    bool is_handed_out_ = false; // the event below was; the next read begins another
    bool has_data_ = false;
    Field data_;
    Field type_;
    bool has_id_ = false; // an `id` came since the last block ended
    Field id_;
    std::string last_event_id_;
    Delivery delivery_;
    std::optional<std::uint64_t> retry_hint_;
};

} // namespace kn::event_stream
