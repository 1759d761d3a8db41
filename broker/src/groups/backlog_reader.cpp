#include "groups/backlog_reader.h"

#include "base/without_exceptions.h"

#include <csignal>
#include <pthread.h>
#include <utility>

namespace webrocket {

BacklogReader::BacklogReader() : thread_([this] { run(); }) {}

BacklogReader::~BacklogReader() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    submitted_.notify_one();
    thread_.join();
}

void BacklogReader::submit(std::function<void()> task) {
    {
        const std::lock_guard lock(mutex_);
        tasks_.push_back(std::move(task));
    }
    submitted_.notify_one();
}

void BacklogReader::run() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    pthread_setname_np(pthread_self(), "backlog");
    std::unique_lock lock(mutex_);
    while (true) {
        submitted_.wait(lock, [this] { return ending_ || !tasks_.empty(); });
        if (ending_)
            return;
        const auto task = std::move(tasks_.front());
        tasks_.pop_front();
        lock.unlock();
        without_exceptions(task);
        lock.lock();
    }
}

} // namespace webrocket
