// kn_client_trigger(), one call after the other: bench_client_kosmonaut PORT COUNT PAYLOAD
#include <cstdlib>
#include <cstring>
#include <string>

#include <kosmonaut/kosmonaut.h>

#include "stopwatch.hpp"

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    const std::string url = std::string("http://wr:token@127.0.0.1:") + argv[1] + "/bench";
    const long count = std::atol(argv[2]);
    const char *payload = argv[3];
    const std::size_t length = std::strlen(payload);
    kn_client *client = nullptr;
    if (kn_client_new(url.c_str(), nullptr, &client, nullptr) != KN_OK ||
        kn_client_trigger(client, "chat", "said", payload, length, nullptr) != KN_OK)
        return 1;
    const stopwatch watch;
    for (long i = 0; i < count; ++i)
        if (kn_client_trigger(client, "chat", "said", payload, length, nullptr) != KN_OK)
            return 1;
    watch.print(count);
    kn_client_free(client);
    return 0;
}
