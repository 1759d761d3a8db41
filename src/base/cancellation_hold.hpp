#pragma once

#include <pthread.h>

namespace kn {

/// A cancelled thread leaves the library before it goes.
class cancellation_hold {
  public:
    cancellation_hold() noexcept { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
    ~cancellation_hold() { pthread_setcancelstate(before_, nullptr); }
    cancellation_hold(const cancellation_hold &) = delete;
    cancellation_hold &operator=(const cancellation_hold &) = delete;

  private:
    int before_ = 0;
};

} // namespace kn
