/* Waiting for what another thread or process does. */
#ifndef TEST_PAUSE_H
#define TEST_PAUSE_H

#include <semaphore.h>
#include <stdint.h>

/* Deadlines are milliseconds on the monotonic clock. */
int64_t now_ms(void);
int64_t deadline_in(int64_t ms);
int is_over(int64_t deadline);

/* Whether a semaphore was posted within 20 s; takes it. */
int was_posted(sem_t *semaphore);

/* A moment for the others, between two looks at a condition. */
void pause_briefly(void);

/* Looks at a condition until it holds; fails the test after 20 s. Main thread only. */
#define wait_until(condition)                                                                      \
    for (int64_t deadline_ = deadline_in(20000); !(condition); pause_briefly())                    \
    assert_false(is_over(deadline_))

#endif
