// Takes events one by one. An empty result is no failure: status() tells which nothing it was.
// Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST worker_next
// It ends by itself when no event came for a minute.
#include <chrono>
#include <cstdlib>
#include <iostream>

#include <kosmonaut/kosmonaut.hpp>

using namespace std::chrono_literals;

int main() {
    // Not an argument: everybody may read those.
    const char *const url = std::getenv("VHOST_URL");
    if (url == nullptr) {
        std::cerr << "VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n";
        return 2;
    }
    try {
        kosmonaut::worker worker(url);
        while (const auto event = worker.next(1min)) {
            std::cout << event->topic() << " from " << event->uid().value_or("somebody") << ": "
                      << event->data() << std::endl;
        }
        std::cout << (worker.status() == kosmonaut::status::again ? "nothing for a minute\n"
                                                                  : "closed\n");
        return 0;
    } catch (const kosmonaut::error &error) {
        std::cerr << name(error.status()) << ": " << error.what() << '\n';
        return 1;
    }
}
