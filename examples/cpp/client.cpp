// Opens a channel, triggers an event on it, and asks for a token: the whole client in one page.
// Run: client http://wr:TOKEN@127.0.0.1:8080/VHOST
// Failures are exceptions; limits are given in the options, which can be written in place.
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
        kosmonaut::client client(argv[1],
                                 kosmonaut::options().connect_timeout(2s).request_timeout(5s));

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
