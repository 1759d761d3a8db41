#pragma once

#include <memory>

#include <kosmonaut/error.h>

#include "base/failure.hpp"

/// What a failure was, for the user to read. It never changes.
struct kn_error {
    kn::failure why;
};

namespace kn {

/// Never NULL: a shared one stands in when memory has run out.
kn_error *make_error(const failure &why) noexcept;
kn_error *out_of_memory_error() noexcept;
void free_error(kn_error *error) noexcept;

struct error_deleter {
    void operator()(kn_error *error) const noexcept { free_error(error); }
};
using error_ptr = std::unique_ptr<kn_error, error_deleter>;

} // namespace kn
