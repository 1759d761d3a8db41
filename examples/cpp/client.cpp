// Opens a channel, triggers an event on it, and asks for a token: the whole client in one page.
// Run: VHOST_URL=http://wr:TOKEN@127.0.0.1:8080/VHOST client
// Failures are exceptions; limits are given in the options, which can be written in place.
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
        kosmonaut::client client(url, kosmonaut::options().connect_timeout(2s).request_timeout(5s));

        client.open_channel("greetings");
        client.trigger("greetings", "hello", R"({"text":"Hello from C++"})");
        std::cout << "triggered greetings/hello\n";

        const std::string token = client.request_token("joe", "private-.*");
        std::cout << "joe's token has " << token.size() << " characters\n";
        return 0;
    } catch (const kosmonaut::error &error) {
        std::cerr << name(error.status()) << ": " << error.what() << '\n';
        return 1;
    }
}
