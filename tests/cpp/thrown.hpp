// What calls of the wrapper throw in its tests.
#pragma once

#include <gtest/gtest.h>

#include <kosmonaut/kosmonaut.hpp>

// What a handler throws; not derived from anything, so that nothing mistakes it.
struct mishap {
    int number;
};

template <class Call>
kosmonaut::status thrown_by(Call &&call) {
    try {
        call();
    } catch (const kosmonaut::error &error) {
        EXPECT_STRNE(error.what(), "");
        return error.status();
    }
    return kosmonaut::status::ok;
}
