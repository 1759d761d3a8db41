#include "net/memory_budget.h"

#include "base/without_exceptions.h"
#include "net/connection.h"
#include "net/event_loops.h"
#include "net/held_memory.h"

#include <algorithm>
#include <optional>
#include <utility>

namespace webrocket {
namespace {

// Of one loop, from the survey to the decision.
struct LargestHolders {
    struct Holder {
        Holding holding;
        ConnectionPtr connection;
    };

    static constexpr std::size_t looked_for_max = 1024;
    std::vector<Holder> holders; // the first to go first
};

Holdings find_largest_on(EventLoop &loop) {
    using Holder = LargestHolders::Holder;
    auto &holders = loop.local<LargestHolders>().holders;
    holders.clear();
    const auto now = std::chrono::steady_clock::now();
    loop.for_each_connection([&](Connection &connection) {
        const Holding holding = connection.holding(now);
        if (holding.bytes >= MemoryBudget::holding_min)
            holders.push_back({holding, ConnectionPtr(&connection)});
    });
    const auto count = std::min(holders.size(), LargestHolders::looked_for_max);
    std::partial_sort(
        holders.begin(), holders.begin() + static_cast<std::ptrdiff_t>(count), holders.end(),
        [](const Holder &a, const Holder &b) { return goes_before(a.holding, b.holding); });
    holders.erase(holders.begin() + static_cast<std::ptrdiff_t>(count), holders.end());
    Holdings holdings;
    for (const Holder &holder : holders)
        holdings.push_back(holder.holding);
    return holdings;
}

// Some of them have some.
std::size_t loop_of_largest(const std::vector<Holdings> &by_loop) {
    const auto found =
        std::min_element(by_loop.begin(), by_loop.end(), [](const Holdings &a, const Holdings &b) {
            return !a.empty() && (b.empty() || goes_before(a.front(), b.front()));
        });
    return static_cast<std::size_t>(found - by_loop.begin());
}

} // namespace

bool goes_before(const Holding &a, const Holding &b) {
    return a.is_fresh != b.is_fresh ? b.is_fresh : a.bytes > b.bytes;
}

std::vector<std::size_t> largest_of_all(const std::vector<Holdings> &by_loop, std::size_t wanted) {
    std::vector<std::size_t> counts(by_loop.size());
    for (std::size_t found = 0; found < wanted;) {
        const Holding *first = nullptr;
        std::size_t whose = 0;
        for (std::size_t i = 0; i < by_loop.size(); ++i) {
            if (counts[i] == by_loop[i].size())
                continue;
            const Holding &next = by_loop[i][counts[i]];
            if (first == nullptr || goes_before(next, *first)) {
                first = &next;
                whose = i;
            }
        }
        if (first == nullptr)
            break;
        found += first->bytes;
        ++counts[whose];
    }
    return counts;
}

// Each loop looks for its largest holders; the last one to have done so decides who goes; each loop
// lets go of its own. There is one such round at a time: another one may begin when it is gone.
class MemoryBudget::Round {
  public:
    Round(std::atomic<bool> &is_busy, std::size_t loop_count)
        : by_loop(loop_count), is_busy_(is_busy) {}
    ~Round() { is_busy_ = false; }
    Round(const Round &) = delete;
    Round &operator=(const Round &) = delete;

    bool some_go() const {
        return std::any_of(counts.begin(), counts.end(),
                           [](std::size_t count) { return count > 0; });
    }

    std::vector<Holdings> by_loop;
    std::vector<std::size_t> counts;         // who goes, of each loop
    std::atomic<std::size_t> loops_left = 0; // that have not done their part
    // What they share is free when the last of them has gone. Where that was not reckoned with,
    // more have to go.
    std::size_t factor = 1;
    std::size_t held = 0;
    std::optional<std::size_t> teller; // the loop that names its largest

  private:
    std::atomic<bool> &is_busy_;
};

bool MemoryBudget::is_exhausted() const {
    return is_exhausted_.load(std::memory_order_relaxed) && held_memory::total() > limit_;
}

void MemoryBudget::look() {
    if (held_memory::total() <= limit_ || is_busy_.exchange(true))
        return;
    without_exceptions([this] {
        std::shared_ptr<Round> round;
        try {
            round = std::make_shared<Round>(is_busy_, loops_.size());
        } catch (const std::exception &) {
            is_busy_ = false;
            throw;
        }
        begin(round);
    });
}

void MemoryBudget::begin(const std::shared_ptr<Round> &round) {
    round->loops_left = loops_.size();
    loops_.on_each([this, round](EventLoop &loop) { survey(loop, round); });
}

void MemoryBudget::survey(EventLoop &loop, const std::shared_ptr<Round> &round) {
    auto &holdings = round->by_loop[loop.index()];
    holdings.clear();
    without_exceptions([&] { holdings = find_largest_on(loop); });
    if (round->loops_left.fetch_sub(1) == 1)
        decide(round);
}

void MemoryBudget::decide(const std::shared_ptr<Round> &round) {
    round->held = held_memory::total();
    const std::size_t wanted = round->held > limit_ ? (round->held - target()) * round->factor : 0;
    round->counts = largest_of_all(round->by_loop, wanted);
    is_exhausted_ = wanted > 0 && !round->some_go();
    round->teller = round->some_go() && line_pause_.is_over()
                        ? std::optional(loop_of_largest(round->by_loop))
                        : std::nullopt;
    round->loops_left = loops_.size();
    loops_.on_each([this, round](EventLoop &loop) { let_go(loop, round); });
}

void MemoryBudget::let_go(EventLoop &loop, const std::shared_ptr<Round> &round) {
    auto holders = std::exchange(loop.local<LargestHolders>().holders, {});
    const std::size_t count = std::min(round->counts[loop.index()], holders.size());
    for (std::size_t i = 0; i < count; ++i) {
        auto &[holding, connection] = holders[i];
        if (i == 0 && round->teller == loop.index())
            connection->report_largest_holder(holding.bytes, round->held, limit_);
        connection->let_go(holding.bytes);
        connection.reset();
    }
    if (round->loops_left.fetch_sub(1) == 1)
        conclude(round);
}

void MemoryBudget::conclude(const std::shared_ptr<Round> &round) {
    if (!round->some_go() || held_memory::total() <= target())
        return;
    round->factor *= 2;
    begin(round);
}

} // namespace webrocket
