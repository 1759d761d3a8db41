#pragma once

#include <cstdint>
#include <string_view>

#include <kosmonaut/client.h>
#include <kosmonaut/options.h>
#include <kosmonaut/worker.h>

#include "base/process.h"
#include "base/settings.h"
#include "capi/boundary.h"
#include "client/client.h"
#include "http/wiping_memory.h"
#include "worker/worker.h"

struct kn_options {
    // The first thing that can be given a callback, of which a child must not run the `destroy`.
    kn_options() { kn::own_generation(); }

    kn::Settings values;
};

struct kn_client {
    kn_client(std::string_view url, const kn::Settings &options) : object(url, options) {}

    ~kn_client() { object.await_interrupts(); }

    kn::Occupancy &inside() noexcept { return object.inside(); }
    void abandon() noexcept { object.abandon(); }

    std::uint32_t generation = kn::own_generation();
    kn::Client object;
};

struct kn_worker {
    kn_worker(std::string_view url, const kn::Settings &options) : object(url, options) {}
    ~kn_worker() { object.await_interrupts(); }

    kn::Occupancy &inside() noexcept { return object.inside(); }
    void abandon() noexcept { object.abandon(); }

    std::uint32_t generation = kn::own_generation();
    kn::Worker object;
};

namespace kn::capi {

inline Settings settings_of(const kn_options *options) {
    return options != nullptr ? options->values : Settings{};
}

/// What `_free` does: the owner goes, and the last one out deletes the handle. A forked child must
/// not touch what it shares with its parent, nor memory that another thread of the parent may have
/// been changing at the fork; so there nothing is done at all.
template <class Handle>
void disown(Handle *handle) {
    if (handle == nullptr || handle->generation != process_generation())
        return;
    DeferredDestroys destroys;
    const CancellationHold hold;
    handle->abandon();
    if (handle->inside().disown())
        delete handle;
    wipe_traces();
    destroys.run();
}

} // namespace kn::capi
