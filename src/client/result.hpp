#pragma once

#include <string>
#include <variant>
#include <vector>

#include <kosmonaut/batch.h>

#include "base/error.hpp"
#include "client/pages.hpp"

/// How a call ended, for the user to read. Whoever is handed one finds that it no longer changes.
struct kn_result {
    struct item {
        kn_status status = KN_OK;
        kn::error_ptr error;

        void fail(const kn::failure &why) noexcept {
            status = why.status();
            error.reset(kn::make_error(why));
        }
    };

    using token = std::string;

    item whole;
    std::variant<std::monostate, token, kn::any_page> given;
    std::vector<item> items; // of a batch
};
