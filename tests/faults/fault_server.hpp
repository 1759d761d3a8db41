// A server of HTTP that does what it is told to, above all the wrong thing: each connection plays
// a script, and what was asked of it is kept.
#pragma once

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <sys/types.h>

namespace faults {

using clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

/// How long a test waits for what has to happen at once, before it fails: far more than it takes
/// even on a machine with much else to do, and far less than what a test leaves hanging would take.
inline constexpr std::chrono::seconds patience{30};
inline constexpr std::int64_t longer_than_patience_ms = 120'000;

/// The secret in every URL of these tests. No message may show it, plain or encoded.
inline constexpr std::string_view token = "s3cr3t-0123456789abcdef";
inline constexpr std::string_view authorization = "Basic d3I6czNjcjN0LTAxMjM0NTY3ODlhYmNkZWY=";

class descriptor {
  public:
    explicit descriptor(int number = -1) noexcept : number_(number) {}
    descriptor(descriptor &&other) noexcept : number_(std::exchange(other.number_, -1)) {}
    descriptor &operator=(descriptor &&other) noexcept {
        std::swap(number_, other.number_);
        return *this;
    }
    ~descriptor();
    int get() const noexcept { return number_; }

  private:
    int number_;
};

/// A port on the loopback that stays ours for as long as this lives, whether it is open or not.
class port {
  public:
    port();

    void open() const;
    /// From here on connecting is refused, as if nobody listened.
    void shut() const;
    /// From here on connecting never ends: the queue of those who wait is full.
    void clog();

    int number() const noexcept { return number_; }
    int fd() const noexcept { return listener_.get(); }
    /// `http://127.0.0.1:PORT`, without credentials.
    std::string origin(std::string_view scheme = "http") const;
    /// What a handle is made with.
    std::string url(std::string_view scheme = "http", std::string_view host = "127.0.0.1") const;

  private:
    descriptor reservation_; // never listens, and so keeps others off the port
    int number_;
    descriptor listener_;
    std::vector<descriptor> waiting_;
};

/// What a connection was asked, and when.
struct request {
    std::string method;
    std::string target;
    std::string version;
    std::vector<std::pair<std::string, std::string>> headers; // as they came
    std::string body;
    clock::time_point arrived;

    /// The value of a header, whose name's case does not matter; nothing when it was not sent.
    std::optional<std::string> header(std::string_view name) const;
};

/// The other side hung up, or the server is being stopped: the rest of the script is not played.
struct hung_up {};

/// The bytes of a connection. Every wait ends when the server is stopped.
class channel {
  public:
    virtual ~channel() = default;
    /// How many bytes came; 0 at the end.
    virtual std::size_t read(char *into, std::size_t size) = 0;
    virtual void write(std::string_view bytes) = 0;
    /// Says that nothing more comes, where the protocol has words for that.
    virtual void say_goodbye() {}
    virtual int fd() const noexcept = 0;
};

/// Turns an accepted socket into a channel. @p stop becomes readable when the server is stopped.
using channel_maker = std::function<std::unique_ptr<channel>(descriptor socket, int stop)>;
std::unique_ptr<channel> plain_channel(descriptor socket, int stop);

/// One connection, as its script sees it. Where a script ends, the connection is closed in good
/// order.
class conversation {
  public:
    conversation(channel &over, int stop, std::function<void(const request &)> record)
        : channel_(over), stop_(stop), record_(std::move(record)) {}

    /// The next request, whole.
    request receive();

    void send(std::string_view bytes) { channel_.write(bytes); }
    void send_byte_by_byte(std::string_view bytes);
    /// A piece of a body with `Transfer-Encoding: chunked`; "" ends the body.
    void send_chunk(std::string_view bytes);
    /// As much of @p bytes as the other side's buffers take: until nothing moves any more.
    std::size_t send_until_it_stalls(std::string_view bytes);

    /// Says nothing until the other side hangs up.
    void stall();
    void pause(milliseconds time) const;
    /// Ends the connection with an RST.
    void reset();
    /// Says that nothing more comes from this side, in the words of TLS where it is that.
    void say_goodbye() { channel_.say_goodbye(); }
    /// Says that nothing more comes from this side.
    void half_close();
    /// Ends the connection in good order.
    void end();

  private:
    std::string read_line();
    void read_more();

    channel &channel_;
    int stop_;
    std::function<void(const request &)> record_;
    std::string unread_;
};

using script = std::function<void(conversation &)>;

/// The server: the first connection plays the first script, and so on; the last script is played by
/// all further ones. Each connection has a thread of its own.
class fault_server {
  public:
    explicit fault_server(std::vector<script> scripts, channel_maker speak = plain_channel);
    fault_server(port where, std::vector<script> scripts, channel_maker speak = plain_channel);
    ~fault_server();
    fault_server(const fault_server &) = delete;
    fault_server &operator=(const fault_server &) = delete;

    const port &where() const noexcept { return port_; }
    std::string url() const { return port_.url(); }

    std::vector<request> requests() const;
    std::size_t connections() const;
    /// Waits until @p count connections are closed; false when they are not.
    bool await_closed(std::size_t count) const;
    /// The requests as soon as there are @p count; fewer when they do not come.
    std::vector<request> await_requests(std::size_t count) const;

  private:
    void accept_all();
    void serve(descriptor socket, std::size_t number);
    void play(descriptor socket, std::size_t number);
    void record(const request &what);

    const std::vector<script> scripts_;
    const channel_maker speak_;
    port port_;
    descriptor stop_;
    std::atomic<std::size_t> connections_{0};
    mutable std::mutex mutex_;
    mutable std::condition_variable changed_;
    std::vector<request> requests_;
    std::size_t closed_ = 0;
    std::vector<std::thread> conversations_; // the acceptor's alone
    std::thread acceptor_;
};

/// The server in a process of its own, for tests that have to stay single-threaded: it is forked
/// off as this is made, which therefore comes before everything else.
class forked_fault_server {
  public:
    explicit forked_fault_server(std::vector<script> scripts);
    ~forked_fault_server();
    forked_fault_server(const forked_fault_server &) = delete;
    forked_fault_server &operator=(const forked_fault_server &) = delete;

    const port &where() const noexcept { return port_; }
    std::string url() const { return port_.url(); }

  private:
    port port_;
    descriptor lifeline_; // the child ends when this is closed, however the parent ends
    pid_t child_ = -1;
};

} // namespace faults
