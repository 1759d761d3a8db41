#pragma once

#include <cstdint>
#include <string>

#include <cxxabi.h>

#include <kosmonaut/options.h>

#include "base/callback.h"

namespace kn {

/// The user's log. A line is put together only when somebody wants to read it, and no failure to do
/// so reaches the caller.
class Log {
  public:
    Log() = default;
    Log(std::int32_t level, CallbackPtr<kn_log_handler> sink) noexcept
        : level_(sink ? level : 0), sink_(std::move(sink)) {}

    /// Nothing is thrown, but for the unwinding of a thread that the user's function ends.
    template <class Compose>
    void write(std::int32_t level, Compose &&compose) const {
        if (level > level_)
            return;
        try {
            const std::string line = compose();
            (*sink_)(level, line.c_str());
        } catch (abi::__forced_unwind &) {
            throw;
        } catch (...) { // NOLINT(bugprone-empty-catch): a lost line must not lose an event
        }
    }

  private:
    std::int32_t level_ = 0;
    CallbackPtr<kn_log_handler> sink_;
};

} // namespace kn
