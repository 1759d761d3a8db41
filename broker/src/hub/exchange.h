// What a page cannot have before somebody has said something: who it is, whether it may come, that
// what it sends is kept. One broker by itself says all of it at once; a disk or another node takes
// its time.
#pragma once

#include "base/pattern.h"
#include "hub/event_keeper.h"
#include "hub/outgoing_event.h"
#include "hub/token_book.h"
#include "hub/vhost.h"
#include "net/event_loop.h"

#include <functional>
#include <memory>
#include <string_view>
#include <utility>

namespace webrocket {

// An answer that is there, or what has to be begun for one that is not.
template <typename T>
class Eventual {
  public:
    using Done = std::function<void(T)>;
    // Calls `done` once, on the loop that asked, in this call or later; or never.
    using Begin = std::function<void(Done done)>;

    explicit Eventual(T answer) : answer_(std::move(answer)) {}
    explicit Eventual(Begin begin) : begin_(std::move(begin)) {}

    bool is_there() const { return !begin_; }
    T &answer() { return answer_; }
    const T &answer() const { return answer_; }
    void begin(Done done) const { begin_(std::move(done)); }

  private:
    T answer_{};
    Begin begin_;
};

// Asked by a page's session, on its loop.
class Exchange {
  public:
    virtual ~Exchange() = default;

    // Null for a token that is unknown, spent or expired.
    virtual Eventual<std::shared_ptr<const Permission>> spend(Vhost &vhost,
                                                              std::string_view token) = 0;
    // Whether it may come onto the channel now.
    virtual Eventual<bool> may_join(const Permission &permission, std::string_view channel) = 0;
    // Whether events of the vhost may have to be kept: asked for each.
    virtual bool keeps_events(Vhost &vhost) = 0;
    // Has an event kept where it is wanted.
    virtual Eventual<Keeping> keep(Vhost &vhost, EventLoop &loop, const OutgoingEvent &event) = 0;
    // What a permission says, whatever else is to be asked.
    virtual bool permits(const Permission &permission, std::string_view channel) = 0;
};

class LocalExchange : public Exchange {
  public:
    Eventual<std::shared_ptr<const Permission>> spend(Vhost &vhost,
                                                      std::string_view token) override {
        return Eventual(vhost.tokens().spend(token));
    }
    Eventual<bool> may_join(const Permission &permission, std::string_view channel) override {
        return Eventual(permits(permission, channel));
    }
    bool keeps_events(Vhost &) override { return false; }
    Eventual<Keeping> keep(Vhost &, EventLoop &, const OutgoingEvent &) override {
        return Eventual(Keeping::not_wanted);
    }
    bool permits(const Permission &permission, std::string_view channel) override {
        return patterns_.matches(permission.channels, channel);
    }

  private:
    PatternCache patterns_;
};

} // namespace webrocket
