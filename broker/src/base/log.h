// What is logged and how it looks: lines on standard error, for people or for machines.
#pragma once

#include <cstdint>
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

// Has what waits written, as far as whoever reads it takes it; says whether that was all.
bool flush_log();

// At the end: waits a moment for that. False when nobody takes anything.
bool finish_log();

// Lines that nobody took.
std::uint64_t dropped_log_lines();

// `level` is one of spdlog's names; `format` is text or json.
void set_up_log(const std::string &level, const std::string &format);

} // namespace webrocket
