#pragma once

#include <pthread.h>

namespace kn {

/// A cancelled thread leaves the library before it goes.
class CancellationHold {
  public:
    CancellationHold() noexcept { pthread_setcancelstate(PTHREAD_CANCEL_DISABLE, &before_); }
    ~CancellationHold() { pthread_setcancelstate(before_, nullptr); }
    CancellationHold(const CancellationHold &) = delete;
    CancellationHold &operator=(const CancellationHold &) = delete;

  private:
    int before_ = 0;
};

} // namespace kn
