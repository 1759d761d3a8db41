#include "callbacks.h"

#include <stdio.h>

static struct calls *remember(void *user_data, const char *text) {
    struct calls *calls = user_data;
    calls->count++;
    calls->is_called_late |= calls->destroyed;
    snprintf(calls->text, sizeof calls->text, "%s", text);
    return calls;
}

void count_destroy(void *calls) { ((struct calls *)calls)->destroyed++; }

void count_event(kn_event *event, void *calls) { remember(calls, kn_event_data(event, NULL)); }

void count_error(const kn_error *error, void *calls) {
    remember(calls, kn_error_message(error))->status = kn_error_status(error);
}

void count_line(int32_t level, const char *message, void *calls) {
    (void)level;
    remember(calls, message);
}

void interrupt_on_event(kn_event *event, void *calls) {
    count_event(event, calls);
    kn_worker_interrupt(((struct calls *)calls)->worker);
}

void interrupt_on_error(const kn_error *error, void *calls) {
    count_error(error, calls);
    kn_worker_interrupt(((struct calls *)calls)->worker);
}
