// What a user of the installed C++17 wrapper would write first: it needs no broker.
#include <kosmonaut/kosmonaut.hpp>

#include <iostream>

int main() {
    // Nothing listens on port 1.
    kosmonaut::client client("http://wr:0123456789abcdef0123456789abcdef01234567@127.0.0.1:1/moon");
    try {
        client.open_channel("greetings");
    } catch (const kosmonaut::error &error) {
        std::cout << error.what() << '\n';
        return error.status() == kosmonaut::status::connect ? 0 : 1;
    }
    return 2;
}
