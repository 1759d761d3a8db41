// A thread for what has to wait for a disk on behalf of groups: events that are not young any more,
// and looks at how much there is of them.
#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <thread>

namespace webrocket {

class BacklogReader {
  public:
    BacklogReader();
    // What waits is not done any more.
    ~BacklogReader();
    BacklogReader(const BacklogReader &) = delete;
    BacklogReader &operator=(const BacklogReader &) = delete;

    // Any thread; one after the other.
    void submit(std::function<void()> task);

  private:
    void run();

    std::mutex mutex_;
    std::condition_variable submitted_;
    std::deque<std::function<void()>> tasks_;
    bool ending_ = false;
    std::thread thread_;
};

} // namespace webrocket
