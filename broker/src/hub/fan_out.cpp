#include "hub/fan_out.h"

#include <algorithm>
#include <array>

namespace webrocket {

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
            loops_[i].send({to, bytes, number});
    }
}

void FanOut::deliver(std::span<const Letter> letters, const EventLoop &loop) const {
    std::array<Frame, Addressee::letters_max> frames;
    std::transform(letters.begin(), letters.end(), frames.begin(),
                   [](const Letter &letter) { return Frame(letter.bytes); });
    for (const Subscription *subscription : on_loop_[loop.index()]) {
        for (std::size_t i = 0; i < letters.size(); ++i) {
            if (subscription->since < letters[i].number)
                subscription->subscriber->deliver(frames[i]);
        }
    }
}

std::size_t FanOut::size() const {
    std::size_t size = 0;
    for (const auto &listeners : on_loop_)
        size += listeners.size();
    return size;
}

} // namespace webrocket
