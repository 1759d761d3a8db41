#include "numbered_text.hpp"

#include "failure.hpp"

namespace {

constexpr std::uint32_t sequence_digits = 8;
constexpr std::string_view between = R"(","text":")";

} // namespace

std::size_t numbered_text::filling_for(std::string_view before, std::string_view after,
                                       std::size_t bytes) {
    const std::size_t fixed = before.size() + digits + between.size() + after.size();
    require(fixed <= bytes, "the message is too short for what it has to hold");
    return bytes - fixed;
}

numbered_text::numbered_text(std::string_view before, std::string_view after, std::size_t filling)
    : digits_at_(before.size()) {
    text_.append(before).append(digits, '0').append(between).append(filling, 'x').append(after);
}

std::string_view numbered_text::with(message_number number) {
    std::uint64_t rest = number.publisher;
    for (std::uint32_t i = 0; i < sequence_digits; ++i)
        rest *= 10;
    rest += number.sequence;
    for (std::size_t i = digits; i-- > 0; rest /= 10)
        text_[digits_at_ + i] = static_cast<char>('0' + rest % 10);
    return text_;
}

message_number numbered_text::number_in(std::string_view text) const {
    require(text.size() == text_.size(), "a message of another length", text);
    message_number number{0, 0};
    for (std::size_t i = 0; i < digits; ++i) {
        const char c = text[digits_at_ + i];
        require(c >= '0' && c <= '9', "a message without its number", text);
        std::uint32_t &part = i < digits - sequence_digits ? number.publisher : number.sequence;
        part = part * 10 + static_cast<std::uint32_t>(c - '0');
    }
    return number;
}

bool numbered_text::matches(std::string_view text) const {
    const std::string_view expected = text_;
    const std::size_t behind = digits_at_ + digits;
    return text.size() == expected.size() &&
           text.substr(0, digits_at_) == expected.substr(0, digits_at_) &&
           text.substr(behind) == expected.substr(behind);
}
