#include "base/text.h"

#include <algorithm>
#include <string>

#include "base/failure.h"
#include "base/utf8.h"

namespace kn {
namespace {

bool is_control(char c) noexcept { return static_cast<unsigned char>(c) < 0x20 || c == 0x7F; }

[[noreturn]] void refuse(const char *what, const char *why) {
    throw Failure(KN_EINVAL, std::string(what) + " " + why);
}

} // namespace

const char *complaint_of(std::string_view text) noexcept {
    if (std::any_of(text.begin(), text.end(), is_control))
        return "holds a control character";
    return is_utf8(text) ? nullptr : "is not UTF-8";
}

void require_plain(std::string_view text, const char *what) {
    if (const char *complaint = complaint_of(text))
        refuse(what, complaint);
}

void require_text(std::string_view text, const char *what) {
    if (text.empty())
        refuse(what, "is empty");
    require_plain(text, what);
}

} // namespace kn
