#include "log.h"

#include "json.h"

#include <memory>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace webrocket {
namespace {

// spdlog knows lines of text only, but formats each on the thread that logs it, meanwhile.
thread_local const LogFields *fields_of_this_line = nullptr;

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

void set_up_log(const std::string &level, const std::string &format) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("webrocket"));
    spdlog::set_level(spdlog::level::from_str(level));
    if (format == "json")
        spdlog::set_formatter(json_lines());
    else
        spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
}

} // namespace webrocket
