// The other side of every measurement: a server that does as little as one can. To a POST it
// answers 202, to that of a batch a result for each trigger; to a GET it sends a pre-encoded event
// stream and then waits. Each connection has a thread of its own.
//
// bench_peer EVENTS EVENT_BYTES prints its port and serves until it is killed.
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>
#include <thread>

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>
#include <unistd.h>

namespace {

bool send_all(int peer, std::string_view bytes) {
    while (!bytes.empty()) {
        const ssize_t sent = send(peer, bytes.data(), bytes.size(), MSG_NOSIGNAL);
        if (sent <= 0)
            return false;
        bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
}

std::size_t content_length(std::string_view head) {
    const std::size_t at = head.find("Content-Length: ");
    return at == std::string_view::npos ? 0 : std::strtoul(head.data() + at + 16, nullptr, 10);
}

/// As the broker sends them: many events to a chunk.
std::string encoded_chunk(int first, int count, std::size_t event_bytes) {
    std::string body;
    for (int i = 0; i < count; ++i) {
        const std::string id = std::to_string(first + i);
        std::string data = R"({"sid":"0a3b1c2d-0000-4000-8000-000000000000","uid":null,"text":")";
        data += std::string(event_bytes - data.size() - 2, 'x') + "\"}";
        body += "id: " + id + "\nevent: chat/said\ndata: " + data + "\n\n";
    }
    char size[32];
    std::snprintf(size, sizeof size, "%zx\r\n", body.size());
    return size + body + "\r\n";
}

std::string batch_answer(std::string_view body) {
    std::string results;
    constexpr std::string_view trigger = R"({"channel":)";
    for (std::size_t at = body.find(trigger); at != std::string_view::npos;
         at = body.find(trigger, at + trigger.size()))
        results += results.empty() ? R"({"status":202})" : R"(,{"status":202})";
    results = R"({"results":[)" + results + "]}";
    return "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: " +
           std::to_string(results.size()) + "\r\n\r\n" + results;
}

void serve(int peer, int events, const std::string &chunk, int chunk_events) {
    constexpr std::string_view accepted = "HTTP/1.1 202 Accepted\r\nContent-Length: 0\r\n\r\n";
    constexpr std::string_view stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n"
                                        "Transfer-Encoding: chunked\r\n\r\n";
    std::string in;
    char buffer[65536];
    for (;;) {
        const ssize_t got = recv(peer, buffer, sizeof buffer, 0);
        if (got <= 0)
            return;
        in.append(buffer, static_cast<std::size_t>(got));
        for (;;) {
            const std::size_t head = in.find("\r\n\r\n");
            if (head == std::string::npos)
                break;
            const std::size_t whole = head + 4 + content_length(in);
            if (in.size() < whole)
                break;
            const bool is_get = in.compare(0, 4, "GET ") == 0;
            const bool is_batch = in.compare(0, 19, "POST /bench/events ") == 0;
            const std::string batched =
                is_batch ? batch_answer(std::string_view(in).substr(head, whole - head)) : "";
            in.erase(0, whole);
            if (!send_all(peer, is_get ? stream : is_batch ? std::string_view(batched) : accepted))
                return;
            for (int sent = 0; is_get && sent < events; sent += chunk_events)
                if (!send_all(peer, chunk))
                    return;
        }
    }
}

} // namespace

int main(int argc, char **argv) {
    if (argc != 3)
        return 2;
    constexpr int chunk_events = 64;
    const int events = std::atoi(argv[1]) / chunk_events * chunk_events;
    const std::string chunk =
        encoded_chunk(1'000'000, chunk_events, std::strtoul(argv[2], nullptr, 10));
    const int listener = socket(AF_INET, SOCK_STREAM, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(listener, reinterpret_cast<sockaddr *>(&address), size) != 0 ||
        listen(listener, 16) != 0 ||
        getsockname(listener, reinterpret_cast<sockaddr *>(&address), &size) != 0)
        return 1;
    std::printf("%d\n", ntohs(address.sin_port));
    std::fflush(stdout);
    for (;;) {
        const int peer = accept(listener, nullptr, nullptr);
        if (peer < 0)
            return 1;
        const int on = 1;
        setsockopt(peer, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
        std::thread([&chunk, peer, events] {
            serve(peer, events, chunk, chunk_events);
            close(peer);
        }).detach();
    }
}
