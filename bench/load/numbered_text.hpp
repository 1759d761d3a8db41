// A JSON text that is always the same but for ten digits: whose message it is, and which one.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

struct message_number {
    std::uint32_t publisher;
    std::uint32_t sequence;
};

class numbered_text {
  public:
    static constexpr std::size_t digits = 10;

    /// `before` ends where the digits begin, inside a string. A second string follows, of so many
    /// x; `after` begins with its closing quote.
    numbered_text(std::string_view before, std::string_view after, std::size_t filling);

    /// How long that second string has to be for a text of so many bytes.
    static std::size_t filling_for(std::string_view before, std::string_view after,
                                   std::size_t bytes);

    std::size_t size() const { return text_.size(); }

    /// Valid until the next call.
    std::string_view with(message_number number);

    /// Read where it has to be.
    message_number number_in(std::string_view text) const;

    /// Whether all the other bytes are as they have to be.
    bool matches(std::string_view text) const;

  private:
    std::size_t digits_at_;
    std::string text_;
};
