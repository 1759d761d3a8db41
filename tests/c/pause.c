#include "pause.h"

#include <errno.h>
#include <time.h>

int64_t now_ms(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int64_t deadline_in(int64_t ms) { return now_ms() + ms; }

int is_over(int64_t deadline) { return now_ms() > deadline; }

void pause_briefly(void) {
    const struct timespec brief = {0, 2000000};
    nanosleep(&brief, NULL);
}

int was_posted(sem_t *semaphore) {
    struct timespec deadline;
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 20;
    int result;
    do
        result = sem_timedwait(semaphore, &deadline);
    while (result != 0 && errno == EINTR);
    return result == 0;
}
