// Whose input a loop looks at next, where there is more than it can look at in one turn.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <list>
#include <memory>
#include <unordered_map>
#include <utility>

namespace webrocket {

// Those who wait, each in the line of its tenant. Tenants come one after the other, and have used
// about the same when nobody waits any more: whoever costs much comes less often. `Item` is what
// waits, moved and never looked at.
template <typename Item>
class Turns {
  public:
    // Whom somebody belongs to; null is one, too.
    using Tenant = const void *;

    // What a tenant may use before the next one comes.
    explicit Turns(std::uint64_t quantum) : quantum_(static_cast<std::int64_t>(quantum)) {}

    bool empty() const { return waiting_ == 0; }
    // More than one of them has waited since the last time that nobody did.
    bool are_shared() const { return lines_.size() > 1; }

    void wait(Tenant tenant, Item item) {
        auto &line = lines_[tenant];
        if (!line)
            line = std::make_unique<Line>();
        if (!line->is_in_round) {
            round_.push_back(line.get());
            line->is_in_round = true;
            if (round_.size() == 1)
                line->credit += quantum_;
        }
        line->items.push_back(std::move(item));
        ++waiting_;
    }

    // Has one after the other served, until together they have used `limit`, or nobody waits.
    // `serve` takes an item and returns what it has used; it may have others wait.
    template <typename Serve>
    void serve(std::uint64_t limit, const Serve &serve) {
        for (std::uint64_t used = 0; used < limit && waiting_ > 0;) {
            Line &line = next_line();
            Item item = std::move(line.items.front());
            line.items.pop_front();
            --waiting_;
            const std::uint64_t cost = serve(std::move(item));
            line.credit -= static_cast<std::int64_t>(cost);
            used += cost;
        }
        if (waiting_ == 0)
            clear();
    }

    void clear() {
        round_.clear();
        lines_.clear();
        waiting_ = 0;
    }

  private:
    struct Line {
        std::deque<Item> items;
        std::int64_t credit = 0; // what is used beyond it is paid back later
        bool is_in_round = false;
    };

    // There is one. The first of the round has its turn until it has used what it was given.
    Line &next_line() {
        for (;;) {
            Line &line = *round_.front();
            if (!line.items.empty() && line.credit > 0)
                return line;
            if (line.items.empty()) {
                // It does not save up, and is still in debt for what it was given too much.
                line.credit = std::min<std::int64_t>(line.credit, 0);
                line.is_in_round = false;
                round_.pop_front();
            } else {
                round_.splice(round_.end(), round_, round_.begin()); // needs no memory
            }
            round_.front()->credit += quantum_;
        }
    }

    const std::int64_t quantum_;
    std::unordered_map<Tenant, std::unique_ptr<Line>> lines_;
    std::list<Line *> round_;
    std::size_t waiting_ = 0;
};

} // namespace webrocket
