// What reasons are called, on the wire and in the storage.
#pragma once

#include "delivery/types.h"

#include <string_view>

namespace webrocket {

constexpr std::string_view name_of(GapReason reason) {
    switch (reason) {
    case GapReason::overflow:
        return "overflow";
    case GapReason::expired:
        return "expired";
    case GapReason::reset:
        return "reset";
    case GapReason::restart:
        return "restart";
    }
    return "";
}

constexpr std::string_view name_of(ReturnReason reason) {
    switch (reason) {
    case ReturnReason::none:
        return "";
    case ReturnReason::unhandled:
        return "unhandled";
    case ReturnReason::nack:
        return "nack";
    case ReturnReason::deadline:
        return "deadline";
    case ReturnReason::worker_lost:
        return "worker lost";
    }
    return "";
}

} // namespace webrocket
