#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "base/deadline.h"
#include "base/failure.h"
#include "base/settings.h"
#include "client/any_call.h"
#include "client/client_metrics.h"
#include "http/call_key.h"
#include "http/request.h"

namespace kn {

/// What became of a call so far.
struct Tries {
    std::int32_t repeated = 0;
    bool may_be_done = false; // an earlier try may have been carried out
};

/// Adds to a message how often the call was tried, where that was more than once; where there is no
/// memory for that, it does without.
void tell_of_tries(Failure &why, const Tries &tries) noexcept;

/// Whether a client's calls are tried again, and when. Any thread.
class Retries {
  public:
    Retries(const Settings &options, ClientMetrics &metrics)
        : options_(options), metrics_(metrics) {}

    /// A call begins. It is given a key, and earns a part of a retry.
    void begin(AnyCall &call) noexcept;
    /// Any answer tells whether the server knows keys.
    const Answer &heard(const Answer &received) noexcept;
    /// How long the try that begins now may take: what comes after it needs some time, too.
    Deadline try_until(const AnyCall &call, const Tries &tries,
                       const Deadline &until) const noexcept;
    /// A try has failed. The wait before the next one, which is counted; nothing where there is
    /// none.
    std::optional<milliseconds> pause_after(const Failure &why, const AnyCall &call, Tries &tries,
                                            const Deadline &until) noexcept;
    /// Whether a call that is said to be impossible was carried out by an earlier try.
    static bool is_done(const Failure &why, const AnyCall &call, const Tries &tries) noexcept;

  private:
    bool may_repeat(const AnyCall &call) const noexcept;
    bool has_left(const Tries &tries) const noexcept { return tries.repeated < options_.retries; }
    bool take_from_budget() noexcept;
    milliseconds jitter(std::int32_t repeated) noexcept;

    static constexpr std::int32_t cost = 10; // of a retry, in calls
    static constexpr std::int32_t at_first = 10 * cost;
    // What is under way on all connections may be lost at once.
    static constexpr std::int32_t most = 100 * cost;

    const Settings &options_;
    ClientMetrics &metrics_;
    KeySource keys_;
    std::atomic<std::int32_t> budget_{at_first};
    std::atomic<bool> knows_keys_{false}; // the server
};

} // namespace kn
