#include "base/without_exceptions.h"

#include <spdlog/spdlog.h>

namespace webrocket {

void tell_of_exception(const std::exception &error) noexcept {
    try {
        spdlog::error("left undone: {}", error.what());
    } catch (const std::exception &) {
        return;
    }
}

} // namespace webrocket
