#include "base/log.h"

#include "base/json.h"
#include "base/log_sink.h"

#include <chrono>
#include <memory>
#include <poll.h>
#include <spdlog/pattern_formatter.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

namespace webrocket {
namespace {

// spdlog knows lines of text only, but formats each on the thread that logs it, meanwhile.
thread_local const LogFields *fields_of_this_line = nullptr;

// Of the process, like standard error: set once, before there are other threads.
std::shared_ptr<LogSink> sink;

class JsonMessage final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg &message, const std::tm &,
                spdlog::memory_buf_t &out) override {
        std::string members = json_string({message.payload.data(), message.payload.size()});
        if (fields_of_this_line != nullptr) {
            for (const LogField &field : *fields_of_this_line)
                members += fmt::format(R"(,"{}":{})", field.name, field.json);
        }
        out.append(members.data(), members.data() + members.size());
    }
    std::unique_ptr<spdlog::custom_flag_formatter> clone() const override {
        return std::make_unique<JsonMessage>();
    }
};

std::unique_ptr<spdlog::formatter> json_lines() {
    auto formatter = std::make_unique<spdlog::pattern_formatter>();
    formatter->add_flag<JsonMessage>('*').set_pattern(
        R"({"time":"%Y-%m-%dT%H:%M:%S.%e%z","level":"%l","message":%*})");
    return formatter;
}

} // namespace

LogField log_field(std::string_view name, std::string_view text) {
    return {name, json_string(text)};
}

LogField log_field(std::string_view name, std::size_t number) {
    return {name, std::to_string(number)};
}

void log(spdlog::level::level_enum level, std::string_view text, const LogFields &fields) {
    fields_of_this_line = &fields;
    spdlog::log(level, text);
    fields_of_this_line = nullptr;
}

bool flush_log() {
    if (sink && sink->is_pending())
        sink->flush();
    return !sink || !sink->is_pending();
}

bool finish_log() {
    constexpr auto patience = std::chrono::milliseconds(500); // with one that takes nothing at all
    while (sink && sink->is_pending()) {
        if (!sink->wait(patience))
            return false;
        sink->flush();
    }
    pollfd wanted{STDERR_FILENO, POLLOUT, 0};
    return ::poll(&wanted, 1, 0) > 0;
}

std::uint64_t dropped_log_lines() { return sink ? sink->dropped() : 0; }

void set_up_log(const std::string &level, const std::string &format) {
    sink = std::make_shared<LogSink>(STDERR_FILENO);
    spdlog::set_default_logger(std::make_shared<spdlog::logger>("webrocket", sink));
    spdlog::set_level(spdlog::level::from_str(level));
    if (format == "json")
        spdlog::set_formatter(json_lines());
    else
        spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
}

} // namespace webrocket
