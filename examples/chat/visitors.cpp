#include "visitors.hpp"

#include <algorithm>
#include <cstddef>
#include <iterator>
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

// The characters of a text that is UTF-8: the JSON parser saw to that.
std::u32string characters(std::string_view text) {
    std::u32string found;
    for (const char c : text) {
        const auto byte = static_cast<unsigned char>(c);
        if ((byte & 0xC0) != 0x80) {
            found += byte < 0x80   ? byte
                     : byte < 0xE0 ? byte & 0x1F
                     : byte < 0xF0 ? byte & 0x0F
                                   : byte & 7;
        } else {
            found.back() = (found.back() << 6) | (byte & 0x3F);
        }
    }
    return found;
}

// Controls, characters without a shape of their own, and spaces other than the common one: with
// them two names can look the same.
bool is_unseen(char32_t character) {
    struct range {
        char32_t first, last;
    };
    static constexpr range unseen[] = {
        {0x00, 0x1F},     {0x7F, 0xA0},     {0xAD, 0xAD},     {0x34F, 0x34F},   {0x61C, 0x61C},
        {0x115F, 0x1160}, {0x1680, 0x1680}, {0x17B4, 0x17B5}, {0x180B, 0x180F}, {0x2000, 0x200F},
        {0x2028, 0x202F}, {0x205F, 0x206F}, {0x2800, 0x2800}, {0x3000, 0x3000}, {0x3164, 0x3164},
        {0xFE00, 0xFE0F}, {0xFEFF, 0xFEFF}, {0xFFA0, 0xFFA0}, {0xFFF0, 0xFFFB}, {0xE0000, 0xE0FFF},
    };
    return std::any_of(std::begin(unseen), std::end(unseen), [character](const range &range) {
        return character >= range.first && character <= range.last;
    });
}

bool is_name(std::string_view name) {
    const std::u32string text = characters(name);
    return !text.empty() && text.size() <= name_length_max &&
           std::none_of(text.begin(), text.end(), is_unseen) && text.front() != ' ' &&
           text.back() != ' ' && name.find("  ") == std::string_view::npos;
}

} // namespace

std::variant<visitors::welcome, visitors::refusal> visitors::sign_in(std::string_view name) {
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
    welcome in{random_hex(32), {random_hex(8) + "-" + std::string(name), std::string(name)}};
    by_session_[in.session] = {in.who, clock::now()};
    return in;
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
