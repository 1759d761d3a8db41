// Watches a worker in a poll() loop of one's own, here beside the terminal: Enter ends it.
// Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST worker_poll
// Events are kept beyond their handler with retain(), and dealt with after the loop's turn.
#include <cerrno>
#include <cstdlib>
#include <iostream>
#include <utility>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <kosmonaut/kosmonaut.hpp>

int main() {
    // Not an argument: everybody may read those.
    const char *const url = std::getenv("VHOST_URL");
    if (url == nullptr) {
        std::cerr << "VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n";
        return 2;
    }
    try {
        std::vector<kosmonaut::event> inbox;
        kosmonaut::worker worker(url);
        worker.on("*/*", [&inbox](kosmonaut::event_ref event) { inbox.push_back(event.retain()); });

        pollfd watched[] = {{worker.fd(), POLLIN, 0}, {STDIN_FILENO, POLLIN, 0}};
        while (watched[1].revents == 0) {
            if (poll(watched, 2, -1) < 0 && errno != EINTR) {
                std::cerr << "poll failed\n";
                return 1;
            }
            if (watched[0].revents != 0 && worker.dispatch() == kosmonaut::status::closed) {
                break;
            }
            for (const kosmonaut::event &event : std::exchange(inbox, {})) {
                std::cout << event.topic() << ' ' << event.data() << std::endl;
            }
        }
        return 0;
    } catch (const kosmonaut::error &error) {
        std::cerr << name(error.status()) << ": " << error.what() << '\n';
        return 1;
    }
}
