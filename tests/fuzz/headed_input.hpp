#pragma once

#include <algorithm>
#include <string_view>

/// An input's first line, and what comes behind it.
struct headed_input {
    std::string_view line;
    std::string_view rest;

    explicit headed_input(std::string_view input)
        : line(input.substr(0, input.find('\n'))),
          rest(input.substr(std::min(line.size() + 1, input.size()))) {}
};
