// The HTTP side of a connection: requests one after the other, pipelined or not, each answered by
// the handler of its port.
#pragma once

#include "connection.h"
#include "http_parser.h"
#include "trusted_proxies.h"

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace webrocket {

struct HttpRules {
    HttpLimits limits;
    TrustedProxies proxies;
};

class HttpConnection final : public Protocol {
  public:
    HttpConnection(Connection &connection, HttpHandler &handler, const HttpRules &rules);
    ~HttpConnection() override;
    HttpConnection(const HttpConnection &) = delete;
    HttpConnection &operator=(const HttpConnection &) = delete;

    void on_data(std::string_view bytes) override;
    void on_end() override;
    void on_timer() override;
    void on_drained() override;
    void on_shutdown() override;
    std::string description() const override;
    LogFields log_fields() const override;

  private:
    class Waiting;

    void process(std::string_view input);
    void consider_head();
    void identify(HttpRequest &request);
    void begin_answer(const HttpRequest &request);
    void answer(HttpRequest &request);
    void answer_early(const HttpReply &refusal);
    void end_answered_request();
    HttpReply ask_handler(const HttpRequest &request);
    HeadVerdict judge_head(const HttpRequest &head);
    void wait_for_answer(const std::function<void(Answer)> &begin);
    void answer_late(HttpResponse response);
    void give(const HttpReply &reply);
    void report_refusal(const HttpResponse &response);
    void refuse(int status);

    Connection &connection_;
    HttpHandler &handler_;
    const HttpRules &rules_;
    const ClientAddress peer_;
    HttpParser parser_;
    std::string unparsed_;
    std::string asked_;                // what is or was last refused, or is being waited for
    ResponseContext context_;          // of the request that is being answered
    std::shared_ptr<Waiting> waiting_; // for an answer that takes a while
    bool stopping_ = false;
    bool is_answered_ = false;            // the request whose body is still coming
    std::unique_ptr<Protocol> successor_; // for the rest of the call that made it
};

} // namespace webrocket
