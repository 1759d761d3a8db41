// kn_client_trigger_batch(): bench_batch_kosmonaut PORT COUNT PAYLOAD, where COUNT is of triggers.
#include <cstdlib>
#include <cstring>
#include <string>

#include <kosmonaut/kosmonaut.h>

#include "stopwatch.hpp"

namespace {

constexpr long batch_size = 100;

bool trigger_all(kn_client *client, const char *payload, long count) {
    const std::size_t length = std::strlen(payload);
    kn_batch *batch = kn_batch_new();
    bool is_good = batch != nullptr;
    for (long sent = 0; is_good && sent < count; sent += batch_size) {
        kn_batch_clear(batch);
        for (long i = 0; is_good && i < batch_size; ++i)
            is_good = kn_batch_add(batch, "chat", "said", payload, length) == KN_OK;
        kn_result *result = nullptr;
        is_good = is_good && kn_client_trigger_batch(client, batch, &result, nullptr) == KN_OK &&
                  kn_result_status(result) == KN_OK;
        kn_result_free(result);
    }
    kn_batch_free(batch);
    return is_good;
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 4)
        return 2;
    const std::string url = std::string("http://wr:token@127.0.0.1:") + argv[1] + "/bench";
    const long count = std::atol(argv[2]) / batch_size * batch_size;
    kn_client *client = nullptr;
    if (kn_client_new(url.c_str(), nullptr, &client, nullptr) != KN_OK ||
        !trigger_all(client, argv[3], batch_size))
        return 1;
    const stopwatch watch;
    if (!trigger_all(client, argv[3], count))
        return 1;
    watch.print(count);
    kn_client_free(client);
    return 0;
}
