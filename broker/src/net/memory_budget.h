// One budget of bytes for what the process holds for its peers. Where it is used up, the
// connections that hold most are let go, so that the others lose nothing.
#pragma once

#include "base/line_pause.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <limits>
#include <memory>
#include <vector>

namespace webrocket {

class EventLoop;
class EventLoops;

struct Holding {
    std::size_t bytes;
    bool is_fresh; // what has just come, and is perhaps whole in a moment
};

// What the largest holders of a loop have, the first to go first.
using Holdings = std::vector<Holding>;

// The larger one goes, but what is fresh after all that is not.
bool goes_before(const Holding &a, const Holding &b);

// How many of each loop have to go for `wanted` bytes, of all loops those that go first. All of
// them, where that is not enough.
std::vector<std::size_t> largest_of_all(const std::vector<Holdings> &by_loop, std::size_t wanted);

class MemoryBudget {
  public:
    // Whoever has less than that gains the others nothing by going.
    static constexpr std::size_t holding_min = std::size_t{4} << 10;
    // As long as what has come is fresh.
    static constexpr std::chrono::seconds fresh{1};

    explicit MemoryBudget(EventLoops &loops) : loops_(loops) {}
    MemoryBudget(const MemoryBudget &) = delete;
    MemoryBudget &operator=(const MemoryBudget &) = delete;

    // Any thread, all of these.
    void set_limit(std::size_t bytes) { limit_ = bytes; }
    std::size_t limit() const { return limit_; }
    // Nobody is left who could be let go: there is no room for more.
    bool is_exhausted() const;
    // A loop has taken a good deal more: where it is too much now, some are let go soon.
    void look();

  private:
    class Round;

    void begin(const std::shared_ptr<Round> &round);
    void survey(EventLoop &loop, const std::shared_ptr<Round> &round);
    void decide(const std::shared_ptr<Round> &round);
    void let_go(EventLoop &loop, const std::shared_ptr<Round> &round);
    void conclude(const std::shared_ptr<Round> &round);
    // A little less than the limit, so that it is not reached again at once.
    std::size_t target() const { return limit_ - limit_ / 16; }

    EventLoops &loops_;
    std::atomic<std::size_t> limit_ = std::numeric_limits<std::size_t>::max();
    std::atomic<bool> is_busy_ = false;
    std::atomic<bool> is_exhausted_ = false;
    // One holder is named now and then: a flood of strangers must not become one of lines.
    LinePause line_pause_;
};

} // namespace webrocket
