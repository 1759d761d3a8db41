/* A callback's user data that remembers what happened to it. */
#ifndef TEST_CALLBACKS_H
#define TEST_CALLBACKS_H

#include <kosmonaut/kosmonaut.h>

struct calls {
    int count;          /* of the callback */
    int destroyed;      /* how often */
    int is_called_late; /* the callback was called after that */
    kn_worker *worker;  /* for those callbacks that do something to it */
    kn_status status;   /* the last one that a callback was told */
    char text[256];     /* the last event's data, or log line */
};

/* For `destroy`. */
void count_destroy(void *calls);

/* A handler, an error handler and a log handler that only remember. */
void count_event(kn_event *event, void *calls);
void count_error(const kn_error *error, void *calls);
void count_line(int32_t level, const char *message, void *calls);

/* Handlers that also end the call that they run in. */
void interrupt_on_event(kn_event *event, void *calls);
void interrupt_on_error(const kn_error *error, void *calls);

#endif
