// Takes events one by one. An empty result is no failure: status() tells which nothing it was.
// Run: worker_next http://wr:TOKEN@127.0.0.1:8080/VHOST
// It ends by itself when no event came for a minute.
#include <chrono>
#include <iostream>

#include <kosmonaut/kosmonaut.hpp>

using namespace std::chrono_literals;

int main(int argc, char **argv) {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " VHOST_URL\n";
        return 2;
    }
    try {
        kosmonaut::worker worker(argv[1]);
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
