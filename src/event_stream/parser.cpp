#include "event_stream/parser.hpp"

#include <limits>

namespace kn::event_stream {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t longest_field_name = 5; // "event", "retry"

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

/// The value, where @p line is the field @p name. The name's size is known to the compiler, which
/// makes comparing it cheap.
template <std::size_t Size>
std::optional<std::string_view> value_of(std::string_view line, const char (&name)[Size]) noexcept {
    constexpr std::size_t length = Size - 1;
    if (line.substr(0, length) != std::string_view(name, length))
        return std::nullopt;
    line.remove_prefix(length);
    if (line.empty())
        return line;
    if (line.front() != ':')
        return std::nullopt;
    line.remove_prefix(1);
    if (!line.empty() && line.front() == ' ')
        line.remove_prefix(1);
    return line;
}

} // namespace

parser::parser(std::size_t max_event_size, std::string last_event_id)
    : max_event_size_(max_event_size),
      max_line_size_(max_event_size + longest_field_name + std::string_view(": ").size()),
      id_(last_event_id), last_event_id_(std::move(last_event_id)) {}

auto parser::read(std::string_view &bytes) -> outcome {
    if (is_handed_out_)
        begin_event();
    if (at_start_ && !skip_byte_order_mark(bytes))
        return outcome::too_big;
    return read_lines(bytes);
}

/// False when the limit is so small that not even what only looked like a mark fits.
bool parser::skip_byte_order_mark(std::string_view &bytes) {
    while (!bytes.empty() && bytes.front() == byte_order_mark[mark_matched_]) {
        bytes.remove_prefix(1);
        if (++mark_matched_ == byte_order_mark.size()) {
            at_start_ = false;
            return true;
        }
    }
    if (bytes.empty())
        return true;
    at_start_ = false;
    // What was held back is the beginning of a line.
    return keep_partial(byte_order_mark.substr(0, mark_matched_));
}

auto parser::read_lines(std::string_view &bytes) -> outcome {
    while (!bytes.empty()) {
        if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
            pass(bytes, 1);
            continue;
        }
        // Looking for an LF no further than the next CR keeps this linear.
        std::string_view piece = bytes.substr(0, cr_.distance(bytes));
        piece = piece.substr(0, piece.find('\n'));
        if (piece.size() == bytes.size()) {
            pass(bytes, piece.size());
            return keep_partial(piece) ? needs_more() : outcome::too_big;
        }
        after_cr_ = bytes[piece.size()] == '\r';
        pass(bytes, piece.size() + 1);
        const outcome now = finish_line(piece);
        if (now != outcome::needs_more)
            return now;
    }
    return needs_more();
}

void parser::pass(std::string_view &bytes, std::size_t count) noexcept {
    bytes.remove_prefix(count);
    cr_.pass(count);
}

/// The input goes away, the event goes on.
auto parser::needs_more() -> outcome {
    data_.settle();
    type_.settle();
    return outcome::needs_more;
}

void parser::begin_event() {
    is_handed_out_ = false;
    has_data_ = false;
    data_.clear();
    type_.clear();
}

auto parser::finish_line(std::string_view piece) -> outcome {
    const bool is_whole = partial_.empty() && partial_kind_ == partial_line::wanted;
    return is_whole ? take_line(piece) : finish_partial(piece);
}

auto parser::finish_partial(std::string_view piece) -> outcome {
    if (!keep_partial(piece))
        return outcome::too_big;
    outcome now = outcome::needs_more;
    if (partial_kind_ == partial_line::wanted) {
        now = take_line(partial_);
        data_.settle();
        type_.settle();
    }
    partial_.clear();
    if (partial_.capacity() > field::kept_capacity)
        partial_.shrink_to_fit();
    partial_kind_ = partial_line::wanted;
    return now;
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
            partial_.clear();
            return true;
        }
    }
    if (bytes.size() > max_line_size_ - partial_.size())
        return false;
    partial_ += bytes;
    return true;
}

auto parser::take_line(std::string_view line) -> outcome {
    if (line.empty())
        return end_of_block();
    // As where it comes in pieces, which are not kept beyond that; even if its value means nothing.
    bool fits = line.size() <= max_line_size_ || !may_matter(line);
    if (!fits)
        return outcome::too_big;
    switch (line.front()) {
    case 'd':
        if (const auto value = value_of(line, "data"))
            fits = take_data(*value);
        break;
    case 'e':
        if (const auto value = value_of(line, "event"))
            fits = take_type(*value);
        break;
    case 'i':
        if (const auto value = value_of(line, "id"))
            fits = take_id(*value);
        break;
    case 'r':
        if (const auto value = value_of(line, "retry"))
            take_retry(*value);
        break;
    default:
        break;
    }
    return fits ? outcome::needs_more : outcome::too_big;
}

bool parser::take_data(std::string_view value) {
    if (!has_data_) {
        has_data_ = true;
        data_.assign(value);
    } else {
        // Checked before, so that many lines cannot make it grow first; one byte is the newline's.
        if (value.size() >= max_event_size_ - data_.size())
            return false;
        data_.append_line(value);
    }
    return data_.size() <= max_event_size_;
}

bool parser::take_type(std::string_view value) {
    type_.assign(value);
    return type_.size() <= max_event_size_;
}

bool parser::take_id(std::string_view value) {
    if (value.find('\0') != std::string_view::npos)
        return true;
    has_id_ = true;
    id_.clear();
    append_decoded(id_, value);
    return id_.size() <= max_event_size_;
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
    retry_hint_ = value;
}

auto parser::end_of_block() -> outcome {
    if (type_.size() + id_.size() > max_event_size_ - data_.size())
        return outcome::too_big; // and so did not come: its id is none to go on from
    if (std::exchange(has_id_, false))
        last_event_id_ = id_;
    if (!has_data_) {
        begin_event();
        return outcome::needs_more;
    }
    is_handed_out_ = true;
    return outcome::event;
}

} // namespace kn::event_stream
