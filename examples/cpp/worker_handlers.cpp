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
}

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
        worker.on("chat/save", [&saved](kosmonaut::event_ref event) {
            if (!event.uid()) {
                throw std::runtime_error("a save from nobody we know");
            }
            ++saved;
            std::cout << *event.uid() << " saves " << event.data() << std::endl;
        });
        worker.on("*/*",
                  [](kosmonaut::event_ref event) { std::cout << event.topic() << std::endl; });
        worker.on_error([](const kosmonaut::error &error) {
            std::cerr << "will try again: " << error.what() << '\n';
        });

        interrupted_by_signals = &worker;
        for (const int number : {SIGINT, SIGTERM}) {
            std::signal(number, [](int) { interrupted_by_signals->interrupt(); });
        }

        bool running = true;
        while (running) {
            try {
                worker.run();
                running = false;
            } catch (const std::runtime_error &error) {
                // kosmonaut::error is one as well, and that one does not go away by itself.
                if (dynamic_cast<const kosmonaut::error *>(&error) != nullptr) {
                    throw;
                }
                std::cerr << "a handler failed: " << error.what() << '\n';
            }
        }

        // No signal may find a worker that is gone.
        for (const int number : {SIGINT, SIGTERM}) {
            std::signal(number, SIG_DFL);
        }
        worker.close();
        std::cout << saved << " saved\n";
        return 0;
    } catch (const kosmonaut::error &error) {
        std::cerr << name(error.status()) << ": " << error.what() << '\n';
        return 1;
    }
}
