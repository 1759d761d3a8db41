// A backend that answers: what a browser asks it triggers on a channel, with the same data.
//
// bench_answering_worker URL CHANNEL says when it is connected, and answers until it is ended.
#include <cstdio>

#include <kosmonaut/kosmonaut.h>

namespace {

/// Nobody asks before the worker has said that it is there.
bool connect(kn_worker *worker) {
    constexpr int a_moment_ms = 10;
    kn_event *none = nullptr;
    while (kn_worker_state(worker) != KN_WORKER_CONNECTED)
        if (kn_worker_next(worker, a_moment_ms, &none, nullptr) != KN_AGAIN)
            return false;
    return true;
}

bool answer_next(kn_worker *worker, kn_client *client, const char *channel) {
    kn_event *event = nullptr;
    if (kn_worker_next(worker, -1, &event, nullptr) != KN_OK)
        return false;
    std::size_t length = 0;
    const char *data = kn_event_data(event, &length);
    const kn_status status = kn_client_trigger(client, channel, "answer", data, length, nullptr);
    kn_event_free(event);
    return status == KN_OK;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    kn_worker *worker = nullptr;
    kn_client *client = nullptr;
    if (kn_worker_new(argv[1], nullptr, &worker, nullptr) != KN_OK ||
        kn_client_new(argv[1], nullptr, &client, nullptr) != KN_OK || !connect(worker))
        return 1;
    std::puts("connected");
    std::fflush(stdout);
    while (answer_next(worker, client, argv[2])) {
    }
    return 1;
}
