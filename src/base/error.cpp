#include "base/error.h"

#include <new>

#include "base/status.h"

namespace kn {
namespace {

// Made in place and never taken down, so that it is there while the process exits, too. Its text is
// short enough to need no memory of its own.
union SharedError {
    SharedError() : error{Failure(KN_ENOMEM, "out of memory")} {}
    ~SharedError() {} // NOLINT(modernize-use-equals-default): the error stays
    kn_error error;
};

SharedError &shared() noexcept {
    static SharedError instance;
    return instance;
}

} // namespace

kn_error *out_of_memory_error() noexcept { return &shared().error; }

kn_error *make_error(const Failure &why) noexcept {
    try {
        return new kn_error{why};
    } catch (const std::bad_alloc &) {
        return out_of_memory_error();
    }
}

void free_error(kn_error *error) noexcept {
    if (error != out_of_memory_error())
        delete error;
}

} // namespace kn
