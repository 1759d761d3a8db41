#pragma once

#include <csignal>
#include <ctime>

namespace kn {

/// Holds SIGPIPE off on this thread while libcurl talks: OpenSSL writes without MSG_NOSIGNAL. The
/// process's own handling of the signal is not touched.
class SigpipeHold {
  public:
    explicit SigpipeHold(bool is_needed = true) noexcept : is_needed_(is_needed) {
        if (!is_needed_)
            return;
        sigemptyset(&sigpipe_);
        sigaddset(&sigpipe_, SIGPIPE);
        pthread_sigmask(SIG_BLOCK, &sigpipe_, &before_);
    }
    ~SigpipeHold() {
        if (!is_needed_)
            return;
        // Where the caller had it blocked, one of his own may be pending: leave it to him.
        if (sigismember(&before_, SIGPIPE) == 1)
            return;
        const timespec at_once{};
        while (sigtimedwait(&sigpipe_, nullptr, &at_once) == SIGPIPE) {
        }
        pthread_sigmask(SIG_SETMASK, &before_, nullptr);
    }
    SigpipeHold(const SigpipeHold &) = delete;
    SigpipeHold &operator=(const SigpipeHold &) = delete;

  private:
    const bool is_needed_;
    sigset_t sigpipe_;
    sigset_t before_;
};

} // namespace kn
