// What is logged and how it looks: lines on standard error, for people or for machines.
#pragma once

#include <spdlog/common.h>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

// What a line is about, for machines to find it by.
struct LogField {
    std::string_view name;
    std::string json; // its value
};
using LogFields = std::vector<LogField>;

LogField log_field(std::string_view name, std::string_view text);
LogField log_field(std::string_view name, std::size_t number);

// `text` says everything to people; in lines for machines `fields` stand beside it.
void log(spdlog::level::level_enum level, std::string_view text, const LogFields &fields);

// `level` is one of spdlog's names; `format` is text or json.
void set_up_log(const std::string &level, const std::string &format);

} // namespace webrocket
