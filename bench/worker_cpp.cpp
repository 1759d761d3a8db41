// bench_worker_kosmonaut through the C++ wrapper: bench_worker_cpp PORT COUNT run|next
#include <cstdlib>
#include <string>

#include <kosmonaut/kosmonaut.hpp>

#include "stopwatch.hpp"

namespace {

struct counter {
    kosmonaut::worker &worker;
    long left;
    std::size_t bytes;
};

bool run_all(counter &c) {
    c.worker.on("chat/said", [&c](kosmonaut::event_ref event) {
        c.bytes += event.data().size();
        if (--c.left == 0)
            c.worker.interrupt();
    });
    return c.worker.run() == kosmonaut::status::interrupted;
}

bool take_all(counter &c) {
    while (c.left > 0) {
        const auto event = c.worker.next();
        if (!event)
            return false;
        c.bytes += event->data().size();
        --c.left;
    }
    return true;
}

} // namespace

int main(int argc, char **argv) try {
    if (argc != 4)
        return 2;
    kosmonaut::worker worker(std::string("http://wr:token@127.0.0.1:") + argv[1] + "/bench");
    const long count = std::atol(argv[2]);
    counter c{worker, count, 0};
    const stopwatch watch;
    if (!(argv[3] == std::string("run") ? run_all(c) : take_all(c)))
        return 1;
    watch.print(count);
} catch (const kosmonaut::error &) {
    return 1;
}
