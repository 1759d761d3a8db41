// kn_client_trigger_async(), as many at once as there are connections: bench_async_kosmonaut PORT
// COUNT PAYLOAD CONNECTIONS
#include <cstdlib>
#include <cstring>
#include <string>

#include <kosmonaut/kosmonaut.h>

#include "stopwatch.hpp"

namespace {

struct sender {
    kn_client *client;
    const char *payload;
    std::size_t length;
    long left; // to be handed in
    long done;
    bool is_good;

    void hand_in() {
        if (left <= 0)
            return;
        --left;
        is_good = kn_client_trigger_async(client, "chat", "said", payload, length,
                                          &sender::complete, this, nullptr, nullptr) == KN_OK &&
                  is_good;
    }
    static void complete(const kn_result *result, void *self) {
        auto &me = *static_cast<sender *>(self);
        me.is_good = kn_result_status(result) == KN_OK && me.is_good;
        ++me.done;
        me.hand_in();
    }
    bool send(long count, int at_once) {
        left = count;
        done = 0;
        for (int i = 0; i < at_once; ++i)
            hand_in();
        while (is_good && done < count)
            is_good = kn_client_flush(client, -1, nullptr) == KN_OK;
        return is_good;
    }
};

} // namespace

int main(int argc, char **argv) {
    if (argc != 5)
        return 2;
    const std::string url = std::string("http://wr:token@127.0.0.1:") + argv[1] + "/bench";
    const long count = std::atol(argv[2]);
    const int connections = std::atoi(argv[4]);
    kn_options *options = kn_options_new();
    kn_client *client = nullptr;
    if (kn_options_set_max_connections(options, connections) != KN_OK ||
        kn_client_new(url.c_str(), options, &client, nullptr) != KN_OK)
        return 1;
    kn_options_free(options);
    sender all{client, argv[3], std::strlen(argv[3]), 0, 0, true};
    if (!all.send(connections, connections))
        return 1;
    const stopwatch watch;
    if (!all.send(count, connections))
        return 1;
    watch.print(count);
    kn_client_free(client);
    return 0;
}
