#include "http/curl.h"

#include <mutex>

#include <pthread.h>

#include "http/wiping_memory.h"

namespace kn {
namespace {

// libcurl has locks of its own in here, which a child would find taken for good if it was forked
// while another thread is inside; so whoever forks waits for that one.
std::mutex setting_up;
bool is_set_up = false;

void before_fork() { setting_up.lock(); }
void after_fork() { setting_up.unlock(); }

// As the library is loaded, before any thread can be in here. Without memory for it, the child is
// as before.
[[maybe_unused]] const int fork_is_watched = pthread_atfork(&before_fork, &after_fork, &after_fork);

void set_up() {
    if (is_set_up)
        return;
    if (set_up_curl_to_wipe() != CURLE_OK)
        throw std::bad_alloc();
    is_set_up = true;
}

} // namespace

void ensure_curl() {
    const std::lock_guard lock(setting_up);
    set_up();
}

EasyPtr make_easy() {
    const std::lock_guard lock(setting_up);
    set_up();
    EasyPtr easy(curl_easy_init());
    if (!easy)
        throw std::bad_alloc();
    return easy;
}

std::string percent_encoded(std::string_view text) {
    std::string out;
    out.reserve(text.size() * 3 / 2);
    for (const char c : text) {
        const bool unreserved = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                                (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.' ||
                                c == '~';
        if (unreserved) {
            out.push_back(c);
            continue;
        }
        constexpr char digits[] = "0123456789ABCDEF";
        const auto byte = static_cast<unsigned char>(c);
        out.push_back('%');
        out.push_back(digits[byte >> 4]);
        out.push_back(digits[byte & 15]);
    }
    return out;
}

} // namespace kn
