// A client that has triggered and a worker on a quiet stream: bench_memory_kosmonaut PORT PAYLOAD
#include <cstring>
#include <string>

#include <kosmonaut/kosmonaut.h>

#include "private_memory.hpp"

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    const std::string url = std::string("http://wr:token@127.0.0.1:") + argv[1] + "/bench";
    kn_client *client = nullptr;
    kn_worker *worker = nullptr;
    kn_event *event = nullptr;
    if (kn_client_new(url.c_str(), nullptr, &client, nullptr) != KN_OK ||
        kn_worker_new(url.c_str(), nullptr, &worker, nullptr) != KN_OK ||
        kn_client_trigger(client, "chat", "said", argv[2], std::strlen(argv[2]), nullptr) !=
            KN_OK ||
        kn_worker_next(worker, 300, &event, nullptr) != KN_AGAIN ||
        kn_worker_state(worker) != KN_WORKER_CONNECTED)
        return 1;
    print_private_memory();
    kn_client_free(client);
    kn_worker_free(worker);
    return 0;
}
