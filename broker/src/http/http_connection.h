// The HTTP side of a connection: requests one after the other, pipelined or not, each answered by
// the handler of its port.
#pragma once

#include "http/date_text.h"
#include "http/http_parser.h"
#include "http/trusted_proxies.h"
#include "net/connection.h"
#include "net/held_memory.h"

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace webrocket {

// How long a client is waited for.
struct HttpTimes {
    std::chrono::milliseconds head{10000};    // of a request, from its first byte on
    std::chrono::milliseconds request{60000}; // until it has come, and until the next one begins
    std::chrono::milliseconds unread_answer{10000}; // for some of it to be taken
    std::chrono::milliseconds rest{5};              // of a client that has been given much at once
};

struct HttpRules {
    HttpLimits limits;
    TrustedProxies proxies;
    HttpTimes times;
};

// What the clients of a port have not read yet of their answers, but for small ones.
class UnreadByteBudget {
  public:
    explicit UnreadByteBudget(std::size_t bytes_max) : bytes_max_(bytes_max) {}

    // Any thread, all of these. False when there is no room for so many more.
    bool take(std::size_t bytes) {
        if (bytes_.fetch_add(bytes) + bytes <= bytes_max_.load())
            return true;
        give_back(bytes);
        return false;
    }
    void give_back(std::size_t bytes) { bytes_.fetch_sub(bytes); }
    void set_limit(std::size_t bytes_max) { bytes_max_.store(bytes_max); }

  private:
    std::atomic<std::size_t> bytes_max_;
    std::atomic<std::size_t> bytes_ = 0;
};

class HttpConnection final : public Protocol {
  public:
    HttpConnection(Connection &connection, HttpHandler &handler, const HttpRules &rules,
                   std::shared_ptr<UnreadByteBudget> unread);
    ~HttpConnection() override;
    HttpConnection(const HttpConnection &) = delete;
    HttpConnection &operator=(const HttpConnection &) = delete;

    void on_data(std::string_view bytes) override;
    void on_end() override;
    void on_timer() override;
    void on_drained() override;
    void on_stalled() override;
    void on_encrypted() override;
    void on_shutdown() override;
    bool gives_way() const override { return true; }
    void on_turn() override;
    std::string description() const override;
    LogFields log_fields() const override;
    std::size_t held_bytes() const override { return held_.bytes(); }
    std::chrono::steady_clock::time_point held_since() const override { return held_since_; }

  private:
    class Waiting;

    void process(std::string_view input);
    void count_held(bool anew);
    void rest();
    void go_on();
    void wait_for_the_rest(bool has_begun);
    void await(std::chrono::milliseconds wait);
    const std::string &date_text() { return connection_.loop().local<DateText>().now(); }
    void send_answer(std::string bytes);
    bool may_wait();
    void forget_unread();
    bool is_being_read();
    void consider_head();
    void identify(HttpRequest &request);
    void begin_answer(const HttpRequest &request);
    void answer(HttpRequest &request);
    void answer_early(const HttpReply &refusal);
    void end_answered_request();
    HttpReply call_handler(const HttpRequest &request);
    HeadVerdict judge_head(const HttpRequest &head);
    void wait_for_answer(const std::function<void(Answer)> &begin);
    void answer_late(const HttpReply &reply);
    void give(const HttpReply &reply);
    void report_refusal(const HttpResponse &response);
    void refuse(int status);

    Connection &connection_;
    HttpHandler &handler_;
    const HttpRules &rules_;
    const ClientAddress peer_;
    const std::shared_ptr<UnreadByteBudget> unread_;
    std::size_t unread_taken_ = 0;
    HttpParser parser_;
    std::string unparsed_;
    HeldBytes<> held_; // of both
    std::chrono::steady_clock::time_point held_since_;
    std::string request_summary_;      // what is or was last refused, or is being waited for
    ResponseContext context_;          // of the request that is being answered
    std::shared_ptr<Waiting> waiting_; // for an answer that takes a while
    std::unique_ptr<Deadline> rest_;   // of whoever has been given much at once
    std::size_t given_in_turn_ = 0;    // bytes of answers
    bool resting_ = false;
    bool stopping_ = false;
    bool is_answered_ = false; // the request whose body is still coming
    bool in_head_ = false;
    bool is_unread_ = false;  // the last answer, as far as is known
    bool is_watched_ = false; // whether some of that is taken in time
    // When that was last looked at, which may be some answers ago: a look at each would cost more
    // than the time that it may give a client once.
    std::uint64_t acknowledged_ = 0;
    std::unique_ptr<Protocol> successor_; // for the rest of the call that made it
};

} // namespace webrocket
