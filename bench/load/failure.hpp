#pragma once

#include <cerrno>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>

/// A measurement that cannot be trusted ends the program: there is nothing to repair.
[[noreturn]] inline void fail(const std::string &what) { throw std::runtime_error(what); }

/// `detail` is what was seen; it is put together only when it is told.
inline void require(bool is_good, const char *what, std::string_view detail = {}) {
    if (!is_good)
        fail(what + (detail.empty() ? "" : ": " + std::string(detail)));
}

/// Of a system call that has just been made.
inline void require_call(bool is_good, const char *what) {
    if (!is_good)
        throw std::system_error(errno, std::generic_category(), what);
}
