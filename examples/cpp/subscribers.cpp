// Prints everyone who is on the channel presence-room.
// Run: subscribers http://wr:TOKEN@127.0.0.1:8080/VHOST
// The range asks the broker for page after page while it is gone through.
#include <iostream>

#include <kosmonaut/kosmonaut.hpp>

int main(int argc, char **argv) {
    if (argc != 2) {
        std::cerr << "usage: " << argv[0] << " VHOST_URL\n";
        return 2;
    }
    try {
        kosmonaut::client client(argv[1]);

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
