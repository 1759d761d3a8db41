#include "base/blocking_writer.h"

#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <pthread.h>
#include <string>
#include <thread>
#include <unistd.h>

namespace webrocket {

struct BlockingWriter::Work {
    enum class State { idle, given, written };

    explicit Work(int number) : descriptor(number) {}

    void run();

    const int descriptor;
    std::mutex mutex;
    std::condition_variable changed;
    State state = State::idle;
    bool is_late = false; // it was waited for in vain
    bool is_ending = false;
    std::string text; // the thread's while it is given
    std::ptrdiff_t count = 0;
    int error = 0;
};

void BlockingWriter::Work::run() {
    pthread_setname_np(pthread_self(), "log");
    std::unique_lock lock(mutex);
    while (true) {
        changed.wait(lock, [this] { return is_ending || state == State::given; });
        if (is_ending)
            return;
        lock.unlock();
        const auto result = ::write(descriptor, text.data(), text.size());
        const int failure = errno;
        lock.lock();
        count = result;
        error = failure;
        state = State::written;
        changed.notify_all();
    }
}

BlockingWriter::BlockingWriter(int descriptor) : work_(std::make_shared<Work>(descriptor)) {
    // Signals are for others.
    sigset_t all;
    sigset_t before;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    std::thread([work = work_] { work->run(); }).detach();
    pthread_sigmask(SIG_SETMASK, &before, nullptr);
}

BlockingWriter::~BlockingWriter() {
    const std::lock_guard lock(work_->mutex);
    work_->is_ending = true;
    work_->changed.notify_all();
}

std::ptrdiff_t BlockingWriter::write(std::string_view text) {
    constexpr auto moment = std::chrono::milliseconds(200);
    std::unique_lock lock(work_->mutex);
    if (work_->state == Work::State::idle) {
        work_->text.assign(text);
        work_->is_late = false;
        work_->state = Work::State::given;
        work_->changed.notify_all();
    }
    const auto is_written = [this] { return work_->state == Work::State::written; };
    if (!work_->is_late)
        work_->is_late = !work_->changed.wait_for(lock, moment, is_written);
    if (!is_written()) {
        errno = EAGAIN;
        return -1;
    }
    work_->state = Work::State::idle;
    errno = work_->error;
    return work_->count;
}

bool BlockingWriter::wait(std::chrono::milliseconds patience) {
    std::unique_lock lock(work_->mutex);
    return work_->changed.wait_for(lock, patience,
                                   [this] { return work_->state != Work::State::given; });
}

} // namespace webrocket
