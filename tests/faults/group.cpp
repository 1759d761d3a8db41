#include "group.hpp"

#include <algorithm>
#include <memory>
#include <stdexcept>
#include <utility>

#include <gtest/gtest.h>

namespace faults {
namespace {

/// What stands behind `"name":` in a JSON text that the library wrote.
std::string_view member_of(std::string_view json, std::string_view name) {
    const std::string key = "\"" + std::string(name) + "\":";
    const std::size_t at = json.find(key);
    return at == std::string_view::npos ? std::string_view() : json.substr(at + key.size());
}

std::string text_of(std::string_view json, std::string_view name) {
    const std::string_view value = member_of(json, name);
    return value.empty() ? "" : std::string(value.substr(1, value.find('"', 1) - 1));
}

std::int64_t number_of(std::string_view json, std::string_view name, std::int64_t without) {
    const std::string value(member_of(json, name));
    return value.empty() ? without : std::stoll(value);
}

std::vector<std::string> texts_of(std::string_view json, std::string_view name) {
    std::vector<std::string> all;
    std::string_view value = member_of(json, name);
    value = value.substr(0, value.find(']'));
    for (std::size_t at = value.find('"'); at != std::string_view::npos;) {
        const std::size_t end = value.find('"', at + 1);
        all.emplace_back(value.substr(at + 1, end - at - 1));
        at = value.find('"', end + 1);
    }
    return all;
}

told_answer read_answer(const request &what) {
    const std::string_view body = what.body;
    return {what.target.substr(what.target.rfind('/') + 1),
            text_of(body, "group"),
            text_of(body, "stream"),
            static_cast<std::uint64_t>(number_of(body, "upto", 0)),
            texts_of(body, "ids"),
            number_of(body, "delay_ms", -1),
            body.find("\"unhandled\":true") != std::string_view::npos,
            what.arrived};
}

} // namespace

std::string group_stream_head(const stream_terms &terms) {
    return head(
        200, {"Content-Type: text/event-stream", "X-WebRocket-Worker-Id: " + terms.name,
              "X-WebRocket-Delivery: explicit; resumed=" + std::to_string(terms.resumed ? 1 : 0) +
                  "; deadline_ms=" + std::to_string(terms.deadline_ms) +
                  "; lease_ms=" + std::to_string(terms.lease_ms) + "; order=" + terms.order});
}

std::string record_of(const record_parts &parts) {
    const std::string id = parts.id.empty() ? "e-" + std::to_string(parts.tag) : parts.id;
    return "id: " + id + "\ntag: " + std::to_string(parts.tag) + "\n" + parts.more +
           "event: " + parts.topic + "\ndata: " + parts.data + "\n\n";
}

std::string records(std::uint64_t first, std::uint64_t last) {
    std::string all;
    for (std::uint64_t tag = first; tag <= last; ++tag)
        all += record_of({.tag = tag, .id = "", .more = ""});
    return all;
}

std::string taken_answer() {
    return whole_answer(202, {"Content-Type: application/json"}, R"({"ignored":0})");
}

group_server::group_server(std::vector<stream_script> streams, answering answer)
    : scripts_(std::move(streams)), answer_(std::move(answer)),
      server_({[this](conversation &with) { serve(with); }}) {}

void group_server::serve(conversation &with) {
    for (;;) {
        const request what = with.receive();
        if (what.method == "GET")
            return scripts_[note_stream(what)](with, what);
        take_answer(with, what);
    }
}

std::size_t group_server::note_stream(const request &what) {
    const std::lock_guard lock(mutex_);
    streams_.push_back(what);
    return std::min(streams_.size(), scripts_.size()) - 1;
}

void group_server::take_answer(conversation &with, const request &what) {
    const told_answer told = read_answer(what);
    const std::string said = answer_(told);
    {
        const std::lock_guard lock(mutex_);
        answers_.push_back(told);
    }
    if (said.empty())
        with.reset();
    with.send(said);
}

std::vector<told_answer> group_server::answers() const {
    const std::lock_guard lock(mutex_);
    return answers_;
}

std::vector<request> group_server::streams() const {
    const std::lock_guard lock(mutex_);
    return streams_;
}

bool group_server::has_acknowledged(std::uint64_t number) const {
    const std::string id = "e-" + std::to_string(number);
    const auto names = [&](const told_answer &one) {
        return one.kind == "ack" && (one.upto >= number || std::find(one.ids.begin(), one.ids.end(),
                                                                     id) != one.ids.end());
    };
    const std::vector<told_answer> all = answers();
    return std::any_of(all.begin(), all.end(), names);
}

std::size_t group_server::count(std::string_view kind) const {
    const std::vector<told_answer> all = answers();
    return static_cast<std::size_t>(std::count_if(
        all.begin(), all.end(), [&](const told_answer &one) { return one.kind == kind; }));
}

group_server::stream_script keeps_group_stream(std::string bytes, stream_terms terms) {
    return
        [bytes = std::move(bytes), terms = std::move(terms)](conversation &with, const request &) {
            with.send(group_stream_head(terms) + bytes);
            with.stall();
        };
}

group_server::stream_script ends_group_stream(std::string bytes, stream_terms terms) {
    return
        [bytes = std::move(bytes), terms = std::move(terms)](conversation &with, const request &) {
            with.send(group_stream_head(terms) + bytes);
        };
}

std::string query_value(const request &what, std::string_view name) {
    const std::string_view target = what.target;
    const std::string key = std::string(name) + "=";
    std::size_t at = target.find('?');
    while (at != std::string_view::npos) {
        const std::string_view rest = target.substr(at + 1);
        if (rest.starts_with(key))
            return std::string(rest.substr(key.size(), rest.find('&') - key.size()));
        at = target.find('&', at + 1);
    }
    return "";
}

group_worker::group_worker(const std::string &url,
                           const std::function<void(kn_options *)> &configure) {
    kn_options *options = kn_options_new();
    EXPECT_EQ(kn_options_set_delivery(options, KN_AT_LEAST_ONCE), KN_OK);
    EXPECT_EQ(kn_options_set_group(options, "g"), KN_OK);
    EXPECT_EQ(kn_options_set_reconnect_delay_ms(options, 5, 20), KN_OK);
    log_.listen(options);
    if (configure)
        configure(options);
    kn_error *error = nullptr;
    const kn_status status = kn_worker_new(url.c_str(), options, &worker_, &error);
    kn_options_free(options);
    if (status != KN_OK)
        throw std::runtime_error(taken(error).message);
    const kn_error_handler keep = [](const kn_error *failure, void *self) {
        static_cast<group_worker *>(self)->failures_.push_back(told(failure));
    };
    EXPECT_EQ(kn_worker_on_error(worker_, keep, this, nullptr, nullptr), KN_OK);
}

group_worker::~group_worker() {
    free_events();
    kn_worker_free(worker_);
}

bool group_worker::has_logged(std::string_view text) const {
    const std::vector<kept_log::line> lines = log_.lines();
    return std::any_of(lines.begin(), lines.end(), [&](const kept_log::line &one) {
        return one.text.find(text) != std::string::npos;
    });
}

kn_status group_worker::next(std::int64_t timeout_ms) {
    kn_event *event = nullptr;
    kn_error *error = nullptr;
    const kn_status status = kn_worker_next(worker_, timeout_ms, &event, &error);
    if (event != nullptr)
        events_.push_back(event);
    if (error != nullptr)
        last_failure_ = taken(error);
    return status;
}

bool group_worker::go_on_until(const std::function<bool()> &is_done) {
    const clock::time_point deadline = clock::now() + patience;
    kn_status status = KN_AGAIN;
    while (status >= KN_OK && status != KN_CLOSED && !is_done() && clock::now() < deadline)
        status = next(5);
    return is_done();
}

bool group_worker::dispatch_until(const std::function<bool()> &is_done) {
    const clock::time_point deadline = clock::now() + patience;
    kn_status status = KN_AGAIN;
    while (status >= KN_OK && status != KN_CLOSED && !is_done() && clock::now() < deadline) {
        kn_error *error = nullptr;
        status = kn_worker_dispatch(worker_, &error);
        if (error != nullptr)
            last_failure_ = taken(error);
    }
    return is_done();
}

bool group_worker::await_events(std::size_t count) {
    return go_on_until([&] { return events_.size() >= count; }) && events_.size() == count;
}

void group_worker::go_on_for(milliseconds time) {
    const clock::time_point until = clock::now() + time;
    go_on_until([&] { return clock::now() >= until; });
}

std::vector<std::string> group_worker::ids() const {
    std::vector<std::string> all;
    for (const kn_event *event : events_)
        all.emplace_back(kn_event_id(event));
    return all;
}

void group_worker::free_events() {
    for (kn_event *event : events_)
        kn_event_free(event);
    events_.clear();
}

void group_worker::on(const char *pattern, std::function<void(kn_event *)> handler) {
    using function = std::function<void(kn_event *)>;
    auto *const kept = new function(std::move(handler));
    EXPECT_EQ(kn_worker_on(
                  worker_, pattern,
                  [](kn_event *event, void *self) { (*static_cast<function *>(self))(event); },
                  kept, [](void *self) { delete static_cast<function *>(self); }, nullptr),
              KN_OK);
}

} // namespace faults
