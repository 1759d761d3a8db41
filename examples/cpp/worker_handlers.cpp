// Gives events handlers, which are lambdas, and runs until Ctrl-C, which ends it cleanly.
// Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST worker_handlers
// What a handler throws comes out of run(); the worker is as good as before and can run on.
#include <csignal>
#include <cstdlib>
#include <iostream>
#include <stdexcept>

#include <kosmonaut/kosmonaut.hpp>

namespace {

kosmonaut::worker *interrupted_by_signals = nullptr;

void on_signals(void (*handler)(int)) {
    for (const int number : {SIGINT, SIGTERM}) {
        std::signal(number, handler);
    }
}

void give_handlers(kosmonaut::worker &worker, int &saved) {
    worker.on("chat/save", [&saved](kosmonaut::event_ref event) {
        if (!event.uid()) {
            throw std::runtime_error("a save from nobody we know");
        }
        ++saved;
        std::cout << *event.uid() << " saves " << event.data() << std::endl;
    });
    worker.on("*/*", [](kosmonaut::event_ref event) { std::cout << event.topic() << std::endl; });
    worker.on_error([](const kosmonaut::error &error) {
        std::cerr << "will try again: " << error.what() << '\n';
    });
}

void run_until_interrupted(kosmonaut::worker &worker) {
    for (;;) {
        try {
            worker.run();
            return;
        } catch (const kosmonaut::error &) {
            throw; // a runtime_error as well, but it does not go away by itself
        } catch (const std::runtime_error &error) {
            std::cerr << "a handler failed: " << error.what() << '\n';
        }
    }
}

} // namespace

int main() {
    // Not an argument: everybody may read those.
    const char *const url = std::getenv("VHOST_URL");
    if (url == nullptr) {
        std::cerr << "VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n";
        return 2;
    }
    try {
        int saved = 0;
        kosmonaut::worker worker(url);
        give_handlers(worker, saved);

        interrupted_by_signals = &worker;
        on_signals([](int) { interrupted_by_signals->interrupt(); });
        run_until_interrupted(worker);
        on_signals(SIG_DFL); // no signal may find a worker that is gone

        worker.close();
        std::cout << saved << " saved\n";
        return 0;
    } catch (const kosmonaut::error &error) {
        std::cerr << name(error.status()) << ": " << error.what() << '\n';
        return 1;
    }
}
