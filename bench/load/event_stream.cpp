#include "failure.hpp"
#include "worker_seat.hpp"

#include <charconv>

namespace {

class event_stream final : public worker_seat {
  public:
    event_stream(poller &loop, const http_address &from) : worker_seat(loop, from.port) {
        send(http_head(from, "GET", "Accept: text/event-stream\r\n"));
    }

  private:
    std::size_t on_bytes(std::string_view bytes) override {
        std::size_t used = 0;
        if (!is_ready()) {
            const std::size_t end = bytes.find("\r\n\r\n");
            if (end == std::string_view::npos)
                return 0;
            require(bytes.starts_with("HTTP/1.1 200 "), "no event stream", bytes.substr(0, end));
            become_ready(); // the broker has registered whoever it sends this head
            used = end + 4;
        }
        while (const std::size_t chunk = on_chunk(bytes.substr(used)))
            used += chunk;
        read_records();
        return used;
    }

    /// Returns its size on the wire; 0 when not all of it is there.
    std::size_t on_chunk(std::string_view bytes) {
        const std::size_t end = bytes.find("\r\n");
        if (end == std::string_view::npos)
            return 0;
        std::size_t length = 0;
        std::from_chars(bytes.data(), bytes.data() + end, length, 16);
        require(length > 0, "the event stream ended");
        if (bytes.size() < end + 2 + length + 2)
            return 0;
        records_.append(bytes.substr(end + 2, length));
        return end + 2 + length + 2;
    }

    void read_records() {
        const std::string_view all = records_;
        std::size_t used = 0;
        for (std::size_t end = all.find("\n\n"); end != std::string_view::npos;
             end = all.find("\n\n", used)) {
            read_record(all.substr(used, end - used));
            used = end + 2;
        }
        records_.erase(0, used);
    }

    void read_record(std::string_view record) const {
        constexpr std::string_view name = "\ndata: ";
        const std::size_t at = record.find(name);
        if (at != std::string_view::npos)
            hear(record.substr(at + name.size())); // the last line
    }

    std::string records_;
};

} // namespace

std::unique_ptr<worker_seat> make_event_stream(poller &loop, const http_address &from) {
    return std::make_unique<event_stream>(loop, from);
}
