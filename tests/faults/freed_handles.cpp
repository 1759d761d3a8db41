// Uses each kind of handle, frees them all, and waits for whoever looks through its memory. What it
// is not to keep comes on its standard input, line by line: the URL, the file of the CA, and the
// value of a header. Writes a line for each call that failed, and "freed" at the end.
#include <array>
#include <cstdio>
#include <cstring>

#include <unistd.h>

#include <kosmonaut/kosmonaut.h>

namespace {

void expect(const char *what, kn_status actual, kn_status expected) {
    if (actual != expected)
        std::printf("%s: %s\n", what, kn_status_name(actual));
}

struct input {
    std::array<char, 1024> bytes{};
    const char *url = nullptr;
    const char *ca_file = nullptr;
    const char *header = nullptr;

    /// Without stdio, whose buffer nobody could wipe.
    bool read() {
        std::size_t size = 0;
        while (size + 1 < bytes.size()) {
            const ssize_t got = ::read(STDIN_FILENO, bytes.data() + size, 1);
            if (got <= 0)
                break;
            size += static_cast<std::size_t>(got);
        }
        char *rest = bytes.data();
        url = strsep(&rest, "\n");
        ca_file = strsep(&rest, "\n");
        header = strsep(&rest, "\n");
        return header != nullptr;
    }
    ~input() { explicit_bzero(bytes.data(), bytes.size()); }
};

void use_client(const input &in, const kn_options *options) {
    kn_client *client = nullptr;
    expect("kn_client_new", kn_client_new(in.url, options, &client, nullptr), KN_OK);
    expect("kn_client_trigger", kn_client_trigger(client, "c", "e", nullptr, 0, nullptr), KN_OK);
    expect("a refused call", kn_client_trigger(client, "c", "e", nullptr, 0, nullptr),
           KN_EUNAUTHORIZED);
    expect(
        "kn_client_trigger_async",
        kn_client_trigger_async(client, "c", "e", nullptr, 0, nullptr, nullptr, nullptr, nullptr),
        KN_OK);
    expect("kn_client_flush", kn_client_flush(client, -1, nullptr), KN_OK);
    kn_client_free(client);
}

void use_worker(const input &in, const kn_options *options) {
    kn_worker *worker = nullptr;
    expect("kn_worker_new", kn_worker_new(in.url, options, &worker, nullptr), KN_OK);
    kn_event *event = nullptr;
    expect("kn_worker_next", kn_worker_next(worker, -1, &event, nullptr), KN_OK);
    kn_event_free(event);
    kn_worker_free(worker);
}

void use_them() {
    input in;
    if (!in.read()) {
        std::puts("too little input");
        return;
    }
    kn_options *options = kn_options_new();
    expect("kn_options_add_header", kn_options_add_header(options, "X-Key", in.header), KN_OK);
    if (*in.ca_file != '\0')
        expect("kn_options_set_ca_file", kn_options_set_ca_file(options, in.ca_file), KN_OK);
    use_client(in, options);
    use_worker(in, options);
    kn_options_free(options);
}

} // namespace

int main() {
    use_them();
    std::puts("freed");
    std::fflush(stdout);
    pause();
}
