// A server that knows calls again by their keys, for a client that tries them more than once.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "answers.hpp"
#include "observed_client.hpp"

namespace faults {

inline const std::string features = "X-WebRocket-Features: idempotency batch";

/// Answers the first request in good order, so that the client knows what the server can do, and
/// plays the parts for one request each; then it answers all.
class keyed_server {
  public:
    using part = std::function<void(conversation &)>; // throws hung_up to end the connection

    explicit keyed_server(std::vector<part> parts, headers lines = {features})
        : parts_(std::move(parts)), lines_(std::move(lines)),
          server_({[this](conversation &with) { serve(with); }}) {}

    std::string url() const { return server_.url(); }
    const fault_server &server() const { return server_; }
    std::vector<request> requests() const { return server_.requests(); }
    std::size_t count() const { return requests().size(); }
    /// Of the requests behind the first one.
    std::vector<std::string> keys() const {
        std::vector<std::string> keys;
        for (const request &one : requests())
            keys.push_back(one.header("Idempotency-Key").value_or(""));
        keys.erase(keys.begin());
        return keys;
    }

  private:
    void serve(conversation &with) {
        for (;;) {
            with.receive();
            const std::size_t number = next_++;
            if (number > 0 && number <= parts_.size())
                parts_[number - 1](with);
            else
                with.send(whole_answer(202, lines_));
        }
    }

    const std::vector<part> parts_;
    const headers lines_;
    std::atomic<std::size_t> next_{0};
    fault_server server_; // goes first
};

/// Ends the connection without an answer.
inline void loses_it(conversation &with) {
    with.reset();
    throw hung_up();
}
inline keyed_server::part refuses(int status, headers lines = {}) {
    return [status, lines = std::move(lines)](conversation &with) {
        with.send(whole_answer(status, lines));
    };
}
inline void says_nothing(conversation &with) { with.stall(); }

inline client_settings with_retries(std::int32_t retries = 4,
                                    std::int64_t request_timeout_ms = 60'000) {
    client_settings how;
    how.retries = retries;
    how.request_timeout_ms = request_timeout_ms;
    return how;
}

} // namespace faults
