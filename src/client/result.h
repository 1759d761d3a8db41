#pragma once

#include <string>
#include <variant>
#include <vector>

#include <kosmonaut/batch.h>

#include "base/error.h"
#include "client/pages.h"

/// How a call ended, for the user to read. Whoever is handed one finds that it no longer changes.
struct kn_result {
    struct Item {
        kn_status status = KN_OK;
        kn::ErrorPtr error;

        void fail(const kn::Failure &why) noexcept {
            status = why.status();
            error.reset(kn::make_error(why));
        }
    };

    using Token = std::string;

    Item whole;
    std::variant<std::monostate, Token, kn::AnyPage> given;
    std::vector<Item> items; // of a batch
};
