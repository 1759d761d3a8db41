// Branches on a failure, with exceptions and with error codes: both say the same.
// Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST errors
// Stop the broker meanwhile and it tries again; give it a wrong token and it gives up.
#include <chrono>
#include <cstdlib>
#include <iostream>
#include <system_error>
#include <thread>

#include <kosmonaut/kosmonaut.hpp>

using namespace std::chrono_literals;

namespace {

// Triggers an event, opens its channel if need be, and tries five times before it gives up.
void trigger(kosmonaut::client &client, std::string_view channel) {
    for (int tries = 1;; ++tries) {
        try {
            client.trigger(channel, "hello");
            return;
        } catch (const kosmonaut::error &error) {
            std::cerr << "try " << tries << ": " << error.what() << '\n';
            if (tries == 5) {
                throw;
            }
            if (error.status() == kosmonaut::status::no_channel) {
                client.open_channel(channel);
            } else if (error.is_retriable()) {
                std::this_thread::sleep_for(error.retry_after().value_or(tries * 500ms));
            } else {
                throw;
            }
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
        kosmonaut::client client(url);

        std::error_code code;
        client.close_channel("errands", code); // so that there is something to branch on
        if (code && code != kosmonaut::status::no_channel) {
            std::cerr << "close: " << code.message() << '\n';
        }
        if (code == std::errc::timed_out) { // the standard's own conditions work too
            return 1;
        }

        trigger(client, "errands");
        std::cout << "triggered errands/hello\n";
        client.close_channel("errands");
        return 0;
    } catch (const kosmonaut::error &error) {
        std::cerr << name(error.status()) << ": " << error.what() << '\n';
        return 1;
    }
}
