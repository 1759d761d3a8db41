// A worker that counts events: bench_worker_kosmonaut PORT COUNT run|next
#include <cstdlib>
#include <cstring>
#include <string>

#include <kosmonaut/kosmonaut.h>

#include "stopwatch.hpp"

namespace {

struct counter {
    kn_worker *worker;
    long left;
    std::size_t bytes;
};

void count_one(kn_event *event, void *user_data) {
    auto *c = static_cast<counter *>(user_data);
    std::size_t length = 0;
    if (kn_event_data(event, &length) != nullptr)
        c->bytes += length;
    if (--c->left == 0)
        kn_worker_interrupt(c->worker);
}

bool run_all(counter &c) {
    return kn_worker_on(c.worker, "chat/said", count_one, &c, nullptr, nullptr) == KN_OK &&
           kn_worker_run(c.worker, nullptr) == KN_INTERRUPTED;
}

bool take_all(counter &c) {
    while (c.left > 0) {
        kn_event *event = nullptr;
        if (kn_worker_next(c.worker, -1, &event, nullptr) != KN_OK)
            return false;
        std::size_t length = 0;
        if (kn_event_data(event, &length) != nullptr)
            c.bytes += length;
        kn_event_free(event);
        --c.left;
    }
    return true;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    const std::string url = std::string("http://wr:token@127.0.0.1:") + argv[1] + "/bench";
    const long count = std::atol(argv[2]);
    counter c{nullptr, count, 0};
    if (kn_worker_new(url.c_str(), nullptr, &c.worker, nullptr) != KN_OK)
        return 1;
    const stopwatch watch;
    if (!(std::strcmp(argv[3], "run") == 0 ? run_all(c) : take_all(c)))
        return 1;
    watch.print(count);
    kn_worker_free(c.worker);
    return 0;
}
