#pragma once

#include <memory>
#include <utility>

#include "base/callback.h"
#include "capi/boundary.h"
#include "capi/handles.h"
#include "client/completion.h"
#include "client/result.h"

namespace kn::capi {

// The two ways of every call, for entry points: @p make makes it, given the client. It checks the
// texts that were given; the handle is checked before.

/// Makes the call and waits for its end.
template <class Make>
kn_status waited(kn_client *by, kn_error **error, const Make &make) {
    return guarded(error, [&] {
        kn_result result;
        const Visit<kn_client> inside(by);
        inside->carry_out(make(*inside), result);
        return KN_OK;
    });
}

/// The same for a call with something to hand over, which @p take takes out of the result.
template <class Output, class Take, class Make>
kn_status waited(kn_client *by, Output **output, const char *place, const Take &take,
                 kn_error **error, const Make &make) {
    return guarded(error, [&] {
        *required(output, place) = nullptr;
        auto result = std::make_unique<kn_result>();
        const Visit<kn_client> inside(by);
        inside->carry_out(make(*inside), *result);
        *output = take(std::move(result));
        return KN_OK;
    });
}

/// Makes the call and leaves it to whoever drives the client.
template <class Make>
kn_status handed_in(kn_client *by, kn_completion fn, void *user_data, void (*destroy)(void *),
                    kn_error **error, const Make &make) {
    return guarded(error, [&] {
        Completion whom(fn, UserDataOwner(user_data, destroy));
        const Visit<kn_client> inside(by);
        inside->hand_in(make(*inside), std::move(whom));
        return KN_OK;
    });
}

} // namespace kn::capi
