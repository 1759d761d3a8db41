#include "audience.hpp"

#include "failure.hpp"

audience::audience(std::size_t listeners, std::size_t publishers)
    : listeners_(listeners), publishers_(publishers), next_(listeners * publishers),
      times_heard_(publishers * ahead_max), by_all_(publishers) {}

void audience::hear(std::size_t listener, const std::vector<numbered_text> &texts,
                    std::string_view message) {
    const message_number number = texts.front().number_in(message);
    require(number.publisher < publishers_ && texts[number.publisher].matches(message),
            "a message that nobody has sent", message);
    std::uint32_t &next = next_[listener * publishers_ + number.publisher];
    if (number.sequence != next)
        fail("a listener heard message " + std::to_string(number.sequence) + " where " +
             std::to_string(next) + " was due");
    ++next;
    ++deliveries_;
    std::uint32_t &times = times_heard_[number.publisher * ahead_max + number.sequence % ahead_max];
    if (++times < listeners_)
        return;
    times = 0;
    ++by_all_[number.publisher];
}
