// The HTTP side of a connection: requests one after the other, pipelined or not, each answered by
// the handler of its port.
#pragma once

#include "connection.h"
#include "http_parser.h"

#include <memory>
#include <string>

namespace webrocket {

class HttpConnection final : public Protocol {
  public:
    HttpConnection(Connection &connection, HttpHandler &handler, const HttpLimits &limits);

    void on_data(std::string_view bytes) override;
    void on_end() override;
    void on_timer() override;
    void on_drained() override;
    void on_shutdown() override;
    std::string_view description() const override { return "HTTP client"; }

  private:
    void process(std::string_view input);
    void answer(const HttpRequest &request);
    void refuse(int status);

    Connection &connection_;
    HttpHandler &handler_;
    HttpParser parser_;
    std::string unparsed_;
    std::unique_ptr<Protocol> successor_; // for the rest of the call that made it
};

} // namespace webrocket
