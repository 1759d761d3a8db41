#include "hub/fan_out.h"

#include <algorithm>
#include <numeric>
#include <string>
#include <utility>

namespace webrocket {
namespace {

constexpr std::size_t copied_bytes_max = 2048;
constexpr std::size_t text_bytes_max = std::size_t{16} << 10;

// How many of them, at least one, are small enough to be sent as one text.
std::size_t count_that_fit(std::span<const Letter> letters) {
    std::size_t bytes = 0;
    const auto end = std::find_if(letters.begin(), letters.end(), [&bytes](const Letter &letter) {
        bytes += letter.bytes->size();
        return letter.bytes->size() > copied_bytes_max || bytes > text_bytes_max;
    });
    return std::max<std::size_t>(1, static_cast<std::size_t>(end - letters.begin()));
}

Frame joined(std::span<const Letter> letters) {
    if (letters.size() == 1)
        return Frame(letters.front().bytes);
    const std::size_t size = std::accumulate(
        letters.begin(), letters.end(), std::size_t{0},
        [](std::size_t sum, const Letter &letter) { return sum + letter.bytes->size(); });
    std::string text;
    text.reserve(size);
    for (const Letter &letter : letters)
        text.append(*letter.bytes);
    return make_frame(std::move(text));
}

} // namespace

void FanOut::make_room_for(const Subscription &subscription) {
    on_loop_[subscription.subscriber->loop().index()].make_room_for_one();
}

void FanOut::add(Subscription &subscription) {
    on_loop_[subscription.subscriber->loop().index()].add(subscription);
    subscription.since = last_number_;
}

void FanOut::remove(const Subscription &subscription) {
    on_loop_[subscription.subscriber->loop().index()].remove(subscription);
}

std::vector<Subscription *> FanOut::take_all_on(const EventLoop &loop) {
    return on_loop_[loop.index()].take_all();
}

void FanOut::publish(const std::shared_ptr<Addressee> &channel, const SharedBytes &frame) {
    send(channel, frame, ++last_number_);
}

void FanOut::send_end(const std::shared_ptr<Addressee> &end) { send(end, nullptr, 0); }

void FanOut::send(const std::shared_ptr<Addressee> &to, const SharedBytes &bytes,
                  std::uint64_t number) {
    for (std::size_t i = 0; i < on_loop_.size(); ++i) {
        if (!on_loop_[i].empty())
            loops_[i].send({to, bytes, number}, Lane::pages, on_loop_[i].size());
    }
}

void FanOut::deliver(std::span<const Letter> letters, const EventLoop &loop) const {
    const auto &listeners = on_loop_[loop.index()];
    for (auto rest = letters; !rest.empty();) {
        const auto together = rest.first(count_that_fit(rest));
        const Frame frames = joined(together);
        for (const Subscription *subscription : listeners) {
            if (subscription->since < together.front().number)
                subscription->subscriber->deliver(frames, together.size());
            else
                deliver_later_ones(together, *subscription);
        }
        rest = rest.subspan(together.size());
    }
}

// To one that came between them.
void FanOut::deliver_later_ones(std::span<const Letter> letters, const Subscription &subscription) {
    for (const Letter &letter : letters) {
        if (subscription.since < letter.number)
            subscription.subscriber->deliver(Frame(letter.bytes), 1);
    }
}

std::size_t FanOut::size() const {
    std::size_t size = 0;
    for (const auto &listeners : on_loop_)
        size += listeners.size();
    return size;
}

} // namespace webrocket
