#include "event_stream/parser.hpp"

#include <algorithm>
#include <cstring>
#include <limits>

#include "utf8.hpp"

namespace kn::event_stream {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t longest_field_name = 5; // "event", "retry"

// A buffer that one large event has blown up is given back after it.
constexpr std::size_t kept_capacity = 64 * 1024;

bool is_known_field(std::string_view name) noexcept {
    return name == "data" || name == "event" || name == "id" || name == "retry";
}

/// Whether a line that begins so can still matter.
bool may_matter(std::string_view beginning) noexcept {
    const std::size_t colon = beginning.substr(0, longest_field_name + 1).find(':');
    if (colon != std::string_view::npos)
        return is_known_field(beginning.substr(0, colon));
    return beginning.size() <= longest_field_name;
}

void empty(std::string &buffer) {
    buffer.clear();
    if (buffer.capacity() > kept_capacity)
        buffer.shrink_to_fit();
}

/// The line ends of one piece of input. Most streams hold no CR at all, so where the next one is
/// gets looked up once and not for every line.
class line_ends {
  public:
    explicit line_ends(std::string_view bytes) noexcept : bytes_(bytes), next_cr_(find('\r', 0)) {}

    /// npos when no line ends at or after @p from.
    std::size_t next(std::size_t from) noexcept {
        if (next_cr_ < from)
            next_cr_ = find('\r', from);
        return std::min(find('\n', from), next_cr_);
    }

  private:
    std::size_t find(char c, std::size_t from) const noexcept {
        if (from == bytes_.size())
            return std::string_view::npos;
        const void *at = std::memchr(bytes_.data() + from, c, bytes_.size() - from);
        return at == nullptr ? std::string_view::npos
                             : static_cast<std::size_t>(static_cast<const char *>(at) -
                                                        bytes_.data());
    }

    std::string_view bytes_;
    std::size_t next_cr_;
};

} // namespace

parser::parser(listener &to, std::size_t max_event_size, std::string last_event_id)
    : listener_(to), max_event_size_(max_event_size),
      max_line_size_(max_event_size + longest_field_name + std::string_view(": ").size()),
      id_(last_event_id),
      last_event_id_(std::move(last_event_id)) {}

bool parser::feed(std::string_view bytes) {
    if (at_start_) {
        bool ok = true;
        bytes = skip_byte_order_mark(bytes, ok);
        if (!ok)
            return false;
    }
    return feed_lines(bytes);
}

std::string_view parser::skip_byte_order_mark(std::string_view bytes, bool &ok) {
    while (!bytes.empty() && bytes.front() == byte_order_mark[mark_matched_]) {
        bytes.remove_prefix(1);
        if (++mark_matched_ == byte_order_mark.size()) {
            at_start_ = false;
            return bytes;
        }
    }
    if (!bytes.empty()) {
        at_start_ = false;
        // It only looked like one: what was held back is the beginning of a line.
        ok = feed_lines(byte_order_mark.substr(0, mark_matched_));
    }
    return bytes;
}

bool parser::feed_lines(std::string_view bytes) {
    if (after_cr_ && !bytes.empty()) {
        after_cr_ = false;
        if (bytes.front() == '\n')
            bytes.remove_prefix(1);
    }
    line_ends ends(bytes);
    std::size_t from = 0;
    for (;;) {
        const std::size_t end = ends.next(from);
        if (end == std::string_view::npos)
            return keep_partial(bytes.substr(from));
        if (!finish_line(bytes.substr(from, end - from)))
            return false;
        from = end + 1;
        if (bytes[end] == '\r') {
            if (from == bytes.size())
                after_cr_ = true;
            else if (bytes[from] == '\n')
                ++from;
        }
    }
}

bool parser::finish_line(std::string_view piece) {
    if (partial_.empty() && partial_kind_ == partial_line::wanted)
        return take_line(piece);
    if (!keep_partial(piece))
        return false;
    const bool ok = partial_kind_ == partial_line::ignored || take_line(partial_);
    empty(partial_);
    partial_kind_ = partial_line::wanted;
    return ok;
}

bool parser::keep_partial(std::string_view bytes) {
    if (bytes.empty() || partial_kind_ == partial_line::ignored)
        return true;
    if (partial_.size() <= longest_field_name) {
        // Not enough was seen to tell what the line is; with these bytes it may be.
        std::string beginning = partial_;
        beginning += bytes.substr(0, longest_field_name + 1);
        if (!may_matter(beginning)) {
            partial_kind_ = partial_line::ignored;
            empty(partial_);
            return true;
        }
    }
    if (bytes.size() > max_line_size_ - partial_.size())
        return false;
    partial_ += bytes;
    return true;
}

bool parser::take_line(std::string_view line) {
    if (line.empty())
        return end_of_block();
    const std::size_t colon = line.find(':');
    if (colon == std::string_view::npos)
        return take_field(line, {});
    std::string_view value = line.substr(colon + 1);
    if (!value.empty() && value.front() == ' ')
        value.remove_prefix(1);
    return take_field(line.substr(0, colon), value);
}

bool parser::take_field(std::string_view name, std::string_view value) {
    if (name == "data")
        return take_data(value);
    if (name == "event")
        return take_text(type_, value);
    if (name == "id")
        return value.find('\0') != std::string_view::npos || take_text(id_, value);
    if (name == "retry")
        take_retry(value);
    return true;
}

bool parser::take_data(std::string_view value) {
    // data_ never exceeds the limit, so this cannot wrap; one byte is for the newline in between.
    if (value.size() + (has_data_ ? 1 : 0) > max_event_size_ - data_.size())
        return false;
    if (has_data_)
        data_ += '\n';
    has_data_ = true;
    append_decoded(data_, value);
    return data_.size() <= max_event_size_;
}

bool parser::take_text(std::string &field, std::string_view value) {
    if (value.size() > max_event_size_)
        return false;
    field.clear();
    append_decoded(field, value);
    return true;
}

void parser::take_retry(std::string_view digits) {
    if (digits.empty())
        return;
    constexpr std::uint64_t limit = std::numeric_limits<std::int64_t>::max();
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9')
            return;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        value = value > (limit - digit) / 10 ? limit : value * 10 + digit;
    }
    listener_.on_retry(value);
}

bool parser::end_of_block() {
    if (last_event_id_ != id_)
        last_event_id_ = id_;
    const bool fits = type_.size() + id_.size() <= max_event_size_ - data_.size();
    if (has_data_ && fits)
        listener_.on_event(type_.empty() ? std::string_view("message") : type_, data_,
                           last_event_id_);
    has_data_ = false;
    empty(data_);
    empty(type_);
    return fits;
}

} // namespace kn::event_stream
