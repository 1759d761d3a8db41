#include "log.h"

#include "json.h"

#include <memory>
#include <spdlog/pattern_formatter.h>
#include <spdlog/sinks/stdout_color_sinks.h>
#include <spdlog/spdlog.h>

namespace webrocket {
namespace {

class JsonMessage final : public spdlog::custom_flag_formatter {
  public:
    void format(const spdlog::details::log_msg &message, const std::tm &,
                spdlog::memory_buf_t &out) override {
        const std::string quoted = json_string({message.payload.data(), message.payload.size()});
        out.append(quoted.data(), quoted.data() + quoted.size());
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

void set_up_log(const std::string &level, const std::string &format) {
    spdlog::set_default_logger(spdlog::stderr_color_mt("webrocket"));
    spdlog::set_level(spdlog::level::from_str(level));
    if (format == "json")
        spdlog::set_formatter(json_lines());
    else
        spdlog::set_pattern("%Y-%m-%dT%H:%M:%S.%e %^%l%$ %v");
}

} // namespace webrocket
