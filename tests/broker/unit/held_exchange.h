// What a page has to be told by others, who answer when a test wants them to.
#pragma once

#include "hub/exchange.h"

#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace webrocket {

class HeldExchange final : public LocalExchange {
  public:
    Eventual<std::shared_ptr<const Permission>> spend(Vhost &vhost,
                                                      std::string_view token) override {
        return hold_of(hold_tokens, LocalExchange::spend(vhost, token).answer());
    }
    Eventual<bool> may_join(const Permission &permission, std::string_view channel) override {
        return hold_of(hold_joins, permits(permission, channel));
    }
    bool keeps_events(Vhost &) override { return hold_events; }
    Eventual<Keeping> keep(Vhost &, EventLoop &, const OutgoingEvent &event) override {
        return hold_of(hold_events, event.topic == "lost" ? Keeping::unavailable : Keeping::done);
    }

    // Answers what was asked then.
    void answer(std::size_t number = 0) {
        const auto answer = std::move(waiting[number]);
        waiting.erase(waiting.begin() + static_cast<std::ptrdiff_t>(number));
        answer();
    }

    bool hold_tokens = false;
    bool hold_joins = false;
    bool hold_events = false;
    bool answers_in_the_call = false;
    std::deque<std::function<void()>> waiting;

  private:
    template <typename T>
    Eventual<T> hold_of(bool hold, T answer) {
        if (!hold)
            return Eventual<T>(std::move(answer));
        const auto begin = [this, answer = std::move(answer)](std::function<void(T)> done) {
            if (answers_in_the_call)
                done(answer);
            else
                waiting.push_back([done = std::move(done), answer] { done(answer); });
        };
        return Eventual<T>(typename Eventual<T>::Begin(begin));
    }
};

} // namespace webrocket
