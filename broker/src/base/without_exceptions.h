// For what may lack memory where nobody could deal with that.
#pragma once

#include <exception>

namespace webrocket {

// Logs it, if there is memory for a line.
void tell_of_exception(const std::exception &error) noexcept;

template <typename Call>
void without_exceptions(const Call &call) noexcept {
    try {
        call();
    } catch (const std::exception &error) {
        tell_of_exception(error);
    }
}

} // namespace webrocket
