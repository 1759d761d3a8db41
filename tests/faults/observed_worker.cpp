#include "observed_worker.hpp"

#include <stdexcept>

#include <gtest/gtest.h>

namespace faults {

void expect_no_secret(std::string_view text) {
    const std::string_view credentials = authorization.substr(authorization.find(' ') + 1);
    EXPECT_EQ(text.find(token), std::string_view::npos) << text;
    EXPECT_EQ(text.find(credentials), std::string_view::npos) << text;
}

told_failure told(const kn_error *error) {
    told_failure what;
    what.status = kn_error_status(error);
    what.http_status = kn_error_http_status(error);
    what.server_code = kn_error_server_code(error);
    what.retry_after_ms = kn_error_retry_after_ms(error);
    what.message = kn_error_message(error);
    expect_no_secret(what.message);
    return what;
}

told_failure taken(kn_error *error) {
    const told_failure what = told(error);
    kn_error_free(error);
    return what;
}

void kept_log::listen(kn_options *options) {
    EXPECT_EQ(kn_options_set_log(options, KN_LOG_DEBUG, &kept_log::take, this, nullptr), KN_OK);
}

void kept_log::take(std::int32_t level, const char *text, void *self) {
    auto &log = *static_cast<kept_log *>(self);
    expect_no_secret(text);
    const std::lock_guard lock(log.mutex_);
    log.lines_.push_back({level, text});
}

std::vector<kept_log::line> kept_log::lines() const {
    const std::lock_guard lock(mutex_);
    return lines_;
}

bool kept_log::has_level(std::int32_t level) const {
    for (const line &l : lines())
        if (l.level == level)
            return true;
    return false;
}

void PrintTo(const told_event &event, std::ostream *out) {
    *out << "{" << event.topic << " #" << event.id << ": " << event.data.substr(0, 80) << "}";
}

observed_worker::observed_worker(const std::string &url, const worker_settings &how) {
    kn_options *options = kn_options_new();
    EXPECT_EQ(
        kn_options_set_reconnect_delay_ms(options, how.reconnect_min_ms, how.reconnect_max_ms),
        KN_OK);
    EXPECT_EQ(kn_options_set_connect_timeout_ms(options, how.connect_timeout_ms), KN_OK);
    EXPECT_EQ(kn_options_set_idle_timeout_ms(options, how.idle_timeout_ms), KN_OK);
    if (how.max_event_size != 0) {
        EXPECT_EQ(kn_options_set_max_event_size(options, how.max_event_size), KN_OK);
    }
    if (!how.ca_file.empty()) {
        EXPECT_EQ(kn_options_set_ca_file(options, how.ca_file.c_str()), KN_OK);
    }
    log_.listen(options);
    kn_error *error = nullptr;
    const kn_status status = kn_worker_new(url.c_str(), options, &worker_, &error);
    kn_options_free(options);
    if (status != KN_OK)
        throw std::runtime_error(taken(error).message);
    const kn_error_handler keep = [](const kn_error *failure, void *self) {
        static_cast<observed_worker *>(self)->failures_.push_back(told(failure));
    };
    EXPECT_EQ(kn_worker_on_error(worker_, keep, this, nullptr, nullptr), KN_OK);
}

observed_worker::~observed_worker() { kn_worker_free(worker_); }

kn_status observed_worker::next(std::int64_t timeout_ms) {
    kn_event *event = nullptr;
    kn_error *error = nullptr;
    const kn_status status = kn_worker_next(worker_, timeout_ms, &event, &error);
    EXPECT_EQ(event != nullptr, status == KN_OK);
    EXPECT_EQ(error != nullptr, status < 0);
    if (event != nullptr) {
        std::size_t length = 0;
        const char *data = kn_event_data(event, &length);
        events_.push_back({kn_event_topic(event), std::string(data, length), kn_event_id(event)});
        kn_event_free(event);
    }
    if (error != nullptr)
        last_failure_ = taken(error);
    return status;
}

kn_status observed_worker::go_on_until(const std::function<bool()> &is_done) {
    const clock::time_point deadline = clock::now() + patience;
    kn_status status = KN_AGAIN;
    // Short waits, since what is waited for need not be an event.
    while (status >= KN_OK && status != KN_CLOSED && !is_done() && clock::now() < deadline)
        status = next(10);
    return status;
}

std::vector<told_event> observed_worker::await_events(std::size_t count) {
    go_on_until([&] { return events_.size() >= count; });
    EXPECT_GE(events_.size(), count);
    return events_;
}

std::vector<told_failure> observed_worker::await_failures(std::size_t count) {
    go_on_until([&] { return failures_.size() >= count; });
    EXPECT_GE(failures_.size(), count);
    return failures_;
}

std::vector<request> observed_worker::await_requests(const fault_server &server,
                                                     std::size_t count) {
    go_on_until([&] { return server.requests().size() >= count; });
    EXPECT_GE(server.requests().size(), count);
    return server.requests();
}

kn_status observed_worker::await_end() {
    return go_on_until([] { return false; });
}

} // namespace faults
