#pragma once

#include <memory>

#include <kosmonaut/error.h>

#include "base/failure.h"

/// What a failure was, for the user to read. It never changes.
struct kn_error {
    kn::Failure why;
};

namespace kn {

/// Never NULL: a shared one stands in when memory has run out.
kn_error *make_error(const Failure &why) noexcept;
kn_error *out_of_memory_error() noexcept;
void free_error(kn_error *error) noexcept;

struct ErrorDeleter {
    void operator()(kn_error *error) const noexcept { free_error(error); }
};
using ErrorPtr = std::unique_ptr<kn_error, ErrorDeleter>;

} // namespace kn
