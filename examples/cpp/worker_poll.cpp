// Watches a worker in a poll() loop of one's own, here beside the terminal: Enter ends it.
// Run: worker_poll http://wr:TOKEN@127.0.0.1:8080/VHOST
// Events are kept beyond their handler with retain(), and dealt with after the loop's turn.
#include <cerrno>
#include <iostream>
#include <utility>
#include <vector>

#include <poll.h>
#include <unistd.h>

#include <kosmonaut/kosmonaut.hpp>

int main(int argc, char **argv) {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " VHOST_URL\n";
        return 2;
    }
    try {
        std::vector<kosmonaut::event> inbox;
        kosmonaut::worker worker(argv[1]);
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
