#include "event_stream/parser.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "event_stream/line_scan.h"

namespace kn::event_stream {
namespace {

constexpr std::string_view byte_order_mark = "\xEF\xBB\xBF";
constexpr std::size_t longest_standard_name = 5; // "event", "retry"
constexpr std::size_t longest_delivery_name = 7; // "attempt"

constexpr std::size_t longest_ref = 64;

bool is_standard_field(std::string_view name) noexcept {
    return name == "data" || name == "event" || name == "id" || name == "retry";
}

bool is_delivery_field(std::string_view name) noexcept {
    return name == "tag" || name == "attempt" || name == "ref" || name == "time";
}

/// A number of one digit and more, no larger than @p limit, which a larger one is taken for.
std::optional<std::uint64_t> number_in(std::string_view digits, std::uint64_t limit) noexcept {
    if (digits.empty())
        return std::nullopt;
    std::uint64_t value = 0;
    for (const char c : digits) {
        if (c < '0' || c > '9')
            return std::nullopt;
        const auto digit = static_cast<std::uint64_t>(c - '0');
        value = value > (limit - digit) / 10 ? limit : value * 10 + digit;
    }
    return value;
}

/// Leaves the value of @p line, where it is the field @p name. The name's size is known to the
/// compiler, which makes comparing it cheap.
template <std::size_t Size>
bool strip_name(std::string_view &line, const char (&name)[Size]) noexcept {
    constexpr std::size_t length = Size - 1;
    if (line.size() < length || std::memcmp(line.data(), name, length) != 0)
        return false;
    if (line.size() > length && line[length] != ':')
        return false;
    line.remove_prefix(std::min(line.size(), length + 1));
    if (!line.empty() && line.front() == ' ')
        line.remove_prefix(1);
    return true;
}

} // namespace

Parser::Parser(std::size_t max_event_size, std::string last_event_id, Fields fields)
    : max_event_size_(max_event_size), reads_delivery_(fields == Fields::with_delivery),
      longest_field_name_(reads_delivery_ ? longest_delivery_name : longest_standard_name),
      max_line_size_(max_event_size + longest_field_name_ + std::string_view(": ").size()),
      last_event_id_(std::move(last_event_id)) {}

/// Whether a line that begins so can still matter.
bool Parser::may_matter(std::string_view beginning) const noexcept {
    const std::size_t colon = beginning.substr(0, longest_field_name_ + 1).find(':');
    if (colon == std::string_view::npos)
        return beginning.size() <= longest_field_name_;
    const std::string_view name = beginning.substr(0, colon);
    return is_standard_field(name) || (reads_delivery_ && is_delivery_field(name));
}

auto Parser::read(std::string_view &bytes) -> Outcome {
    if (is_handed_out_) {
        if (!after_cr_ && !reads_delivery_ && take_record(bytes))
            return Outcome::event;
        begin_event();
    }
    if (at_start_ && !skip_byte_order_mark(bytes))
        return Outcome::too_big;
    return read_lines(bytes);
}

/// Where another event has just ended, most are like that one, and whole. What is not as usual in
/// one, or too large, is left as it is, for a closer look.
bool Parser::take_record(std::string_view &bytes) {
    const ScannedRecord record = scan_record(bytes);
    if (record.size == 0)
        return false;
    data_.assign(record.data, record.is_data_plain);
    if (data_.size() + record.type.size() + record.id.size() > max_event_size_)
        return false;
    constexpr bool is_plain = true;
    type_.assign(record.type, is_plain);
    // From one to the next an id seldom becomes longer.
    if (record.id.size() == last_event_id_.size())
        std::memcpy(last_event_id_.data(), record.id.data(), record.id.size());
    else
        last_event_id_ = record.id;
    bytes.remove_prefix(record.size);
    return true;
}

/// False when the limit is so small that not even what only looked like a mark fits.
bool Parser::skip_byte_order_mark(std::string_view &bytes) {
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

auto Parser::read_lines(std::string_view &bytes) -> Outcome {
    while (!bytes.empty()) {
        if (std::exchange(after_cr_, false) && bytes.front() == '\n') {
            bytes.remove_prefix(1);
            continue;
        }
        const ScannedLine line = scan_line(bytes);
        const std::string_view piece = bytes.substr(0, line.size);
        if (piece.size() == bytes.size()) {
            bytes.remove_prefix(piece.size());
            return keep_partial(piece) ? needs_more() : Outcome::too_big;
        }
        after_cr_ = bytes[piece.size()] == '\r';
        bytes.remove_prefix(piece.size() + 1);
        const Outcome now = finish_line(piece, line.is_plain);
        if (now != Outcome::needs_more)
            return now;
    }
    return needs_more();
}

auto Parser::needs_more() -> Outcome {
    settle();
    return Outcome::needs_more;
}

/// The input goes away, the event goes on.
void Parser::settle() {
    data_.settle();
    type_.settle();
    id_.settle();
}

void Parser::begin_event() {
    is_handed_out_ = false;
    has_data_ = false;
    data_.clear();
    type_.clear();
    if (reads_delivery_)
        delivery_ = {};
}

auto Parser::finish_line(std::string_view piece, bool is_plain) -> Outcome {
    const bool is_whole = partial_.empty() && partial_kind_ == PartialLine::wanted;
    return is_whole ? take_line(piece, is_plain) : finish_partial(piece);
}

auto Parser::finish_partial(std::string_view piece) -> Outcome {
    if (!keep_partial(piece))
        return Outcome::too_big;
    Outcome now = Outcome::needs_more;
    if (partial_kind_ == PartialLine::wanted) {
        now = take_line(partial_, false);
        settle();
    }
    partial_.clear();
    if (partial_.capacity() > Field::kept_capacity)
        partial_.shrink_to_fit();
    partial_kind_ = PartialLine::wanted;
    return now;
}

bool Parser::keep_partial(std::string_view bytes) {
    if (bytes.empty() || partial_kind_ == PartialLine::ignored)
        return true;
    if (partial_.size() <= longest_field_name_) {
        // Not enough was seen to tell what the line is; with these bytes it may be.
        std::string beginning = partial_;
        beginning += bytes.substr(0, longest_field_name_ + 1);
        if (!may_matter(beginning)) {
            partial_kind_ = PartialLine::ignored;
            partial_.clear();
            return true;
        }
    }
    if (bytes.size() > max_line_size_ - partial_.size())
        return false;
    partial_ += bytes;
    return true;
}

/// @p is_plain: known to need no decoding.
auto Parser::take_line(std::string_view line, bool is_plain) -> Outcome {
    if (line.empty())
        return end_of_block();
    // As where it comes in pieces, which are not kept beyond that; even if its value means nothing.
    if (line.size() > max_line_size_ && may_matter(line))
        return Outcome::too_big;
    bool fits = true;
    switch (line.front()) {
    case 'd':
        if (strip_name(line, "data"))
            fits = take_data(line, is_plain);
        break;
    case 'e':
        if (strip_name(line, "event"))
            fits = take_type(line, is_plain);
        break;
    case 'i':
        if (strip_name(line, "id"))
            fits = take_id(line, is_plain);
        break;
    case 'r':
        if (strip_name(line, "retry"))
            take_retry(line);
        else if (reads_delivery_)
            take_of_delivery(line);
        break;
    default:
        if (reads_delivery_)
            take_of_delivery(line);
        break;
    }
    return fits ? Outcome::needs_more : Outcome::too_big;
}

bool Parser::take_data(std::string_view value, bool is_plain) {
    if (!has_data_) {
        has_data_ = true;
        data_.assign(value, is_plain);
    } else {
        // Checked before, so that many lines cannot make it grow first; one byte is the newline's.
        if (value.size() >= max_event_size_ - data_.size())
            return false;
        data_.append_line(value);
    }
    return data_.size() <= max_event_size_;
}

bool Parser::take_type(std::string_view value, bool is_plain) {
    type_.assign(value, is_plain);
    return type_.size() <= max_event_size_;
}

bool Parser::take_id(std::string_view value, bool is_plain) {
    if (!is_plain && value.find('\0') != std::string_view::npos)
        return true;
    has_id_ = true;
    id_.assign(value, is_plain);
    return id_.size() <= max_event_size_;
}

void Parser::take_retry(std::string_view digits) {
    if (const auto value = number_in(digits, std::numeric_limits<std::int64_t>::max()))
        retry_hint_ = value;
}

/// What is none of these, or has a value that none of them has, means nothing.
void Parser::take_of_delivery(std::string_view line) {
    constexpr std::uint64_t limit = std::numeric_limits<std::int64_t>::max();
    if (strip_name(line, "tag")) {
        delivery_.tag = number_in(line, limit).value_or(0);
    } else if (strip_name(line, "attempt")) {
        const auto value = number_in(line, std::numeric_limits<std::int32_t>::max());
        delivery_.attempt =
            static_cast<std::int32_t>(std::max<std::uint64_t>(value.value_or(1), 1));
    } else if (strip_name(line, "time")) {
        if (const auto value = number_in(line, limit))
            delivery_.time_ms = static_cast<std::int64_t>(*value);
    } else if (strip_name(line, "ref")) {
        if (line.size() <= longest_ref && line.find('\0') == std::string_view::npos)
            delivery_.ref = line;
    }
}

auto Parser::end_of_block() -> Outcome {
    const std::size_t id_size = has_id_ ? id_.size() : last_event_id_.size();
    if (type_.size() + id_size > max_event_size_ - data_.size())
        return Outcome::too_big; // and so did not come: its id is none to go on from
    if (std::exchange(has_id_, false)) {
        last_event_id_ = id_.view();
        id_.clear();
    }
    if (!has_data_) {
        begin_event();
        return Outcome::needs_more;
    }
    is_handed_out_ = true;
    return Outcome::event;
}

} // namespace kn::event_stream
