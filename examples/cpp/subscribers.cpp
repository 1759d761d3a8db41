// Prints everyone who is on the channel presence-room.
// Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST subscribers
// The range asks the broker for page after page while it is gone through.
#include <cstdlib>
#include <iostream>

#include <kosmonaut/kosmonaut.hpp>

int main() {
    // Not an argument: everybody may read those.
    const char *const url = std::getenv("VHOST_URL");
    if (url == nullptr) {
        std::cerr << "VHOST_URL is not set: http://wr:TOKEN@HOST:PORT/VHOST\n";
        return 2;
    }
    try {
        kosmonaut::client client(url);

        client.open_channel("presence-room");
        for (auto &subscriber : client.subscribers("presence-room")) {
            std::cout << subscriber.sid() << ' ' << subscriber.uid().value_or("(a stranger)")
                      << (subscriber.is_hidden() ? " (hidden) " : " ") << subscriber.data() << '\n';
        }
        return 0;
    } catch (const kosmonaut::error &error) {
        std::cerr << name(error.status()) << ": " << error.what() << '\n';
        return 1;
    }
}
