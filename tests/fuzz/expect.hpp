#pragma once

#include <cstdlib>

/// What has to hold for every input; the fuzzer keeps the one for which it does not.
#define expect(condition) ((condition) ? static_cast<void>(0) : std::abort())
