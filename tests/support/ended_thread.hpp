// A thread that its own callback ends.
#ifndef SUPPORT_ENDED_THREAD_HPP
#define SUPPORT_ENDED_THREAD_HPP

#include <gtest/gtest.h>
#include <pthread.h>

// UndefinedBehaviorSanitizer takes what is thrown to unwind a thread, which is no object, for a
// null reference where it is caught.
#ifndef __SANITIZE_ADDRESS__
#define SUPPORT_THREADS_MAY_BE_ENDED
#endif

namespace support {

/// What the thread that does this leaves with.
template <class Work>
void *left_by_thread(Work work) {
    pthread_t running;
    const auto run = [](void *data) -> void * {
        (*static_cast<Work *>(data))();
        return nullptr;
    };
    EXPECT_EQ(pthread_create(&running, nullptr, run, &work), 0);
    void *left_with = nullptr;
    EXPECT_EQ(pthread_join(running, &left_with), 0);
    return left_with;
}

} // namespace support

#endif
