#include "visitors.hpp"

#include <algorithm>
#include <cstddef>
#include <stdexcept>

#include <sys/random.h>

namespace chat {
namespace {

constexpr std::size_t name_length_max = 24;
constexpr std::size_t sessions_max = 10000;
constexpr std::chrono::hours session_idle_max{12};

std::string random_hex(std::size_t bytes) {
    static constexpr char digits[] = "0123456789abcdef";
    unsigned char raw[32];
    if (bytes > sizeof raw || getrandom(raw, bytes, 0) != static_cast<ssize_t>(bytes)) {
        throw std::runtime_error("no random numbers");
    }
    std::string hex;
    for (std::size_t i = 0; i < bytes; ++i) {
        hex += digits[raw[i] >> 4];
        hex += digits[raw[i] & 15];
    }
    return hex;
}

// A name is some characters of UTF-8 (the JSON parser saw to that) without controls or blank edges.
bool is_name(std::string_view name) {
    const auto starts_character = [](unsigned char byte) { return (byte & 0xC0) != 0x80; };
    const auto is_control = [](unsigned char byte) { return byte < 0x20 || byte == 0x7F; };
    const auto length = std::count_if(name.begin(), name.end(), starts_character);
    return length > 0 && static_cast<std::size_t>(length) <= name_length_max &&
           std::none_of(name.begin(), name.end(), is_control) && name.front() != ' ' &&
           name.back() != ' ';
}

} // namespace

std::optional<visitors::refusal> visitors::sign_in(std::string_view name, std::string &session) {
    if (!is_name(name)) {
        return refusal::bad_name;
    }
    const std::lock_guard lock(mutex_);
    forget_idle();
    if (by_session_.size() >= sessions_max) {
        return refusal::full;
    }
    for (const auto &[id, known] : by_session_) {
        if (known.who.name == name) {
            return refusal::taken;
        }
    }
    session = random_hex(32);
    by_session_[session] = {{random_hex(8), std::string(name)}, clock::now()};
    return std::nullopt;
}

void visitors::sign_out(const std::string &session) {
    const std::lock_guard lock(mutex_);
    by_session_.erase(session);
}

std::optional<visitor> visitors::of_session(const std::string &session) {
    const std::lock_guard lock(mutex_);
    forget_idle();
    const auto found = by_session_.find(session);
    if (found == by_session_.end()) {
        return std::nullopt;
    }
    found->second.seen = clock::now();
    return found->second.who;
}

std::optional<std::string> visitors::name_of(std::string_view uid) {
    const std::lock_guard lock(mutex_);
    for (auto &[id, known] : by_session_) {
        if (known.who.uid == uid) {
            known.seen = clock::now();
            return known.who.name;
        }
    }
    return std::nullopt;
}

void visitors::forget_idle() {
    const auto oldest = clock::now() - session_idle_max;
    for (auto next = by_session_.begin(); next != by_session_.end();) {
        next = next->second.seen < oldest ? by_session_.erase(next) : std::next(next);
    }
}

} // namespace chat
