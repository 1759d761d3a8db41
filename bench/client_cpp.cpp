// bench_client_kosmonaut through the C++ wrapper: bench_client_cpp PORT COUNT PAYLOAD
#include <cstdlib>
#include <string>
#include <string_view>

#include <kosmonaut/kosmonaut.hpp>

#include "stopwatch.hpp"

int main(int argc, char **argv) try {
    if (argc != 4)
        return 2;
    kosmonaut::client client(std::string("http://wr:token@127.0.0.1:") + argv[1] + "/bench");
    const long count = std::atol(argv[2]);
    const std::string_view payload = argv[3];
    client.trigger("chat", "said", payload);
    const stopwatch watch;
    for (long i = 0; i < count; ++i)
        client.trigger("chat", "said", payload);
    watch.print(count);
} catch (const kosmonaut::error &) {
    return 1;
}
