// The page of subscribers that the scenarios of want of memory are answered.
#pragma once

#include <string_view>

namespace faults {

inline constexpr std::string_view page_of_two =
    R"({"subscribers":[{"sid":"45c74051-2a07-4f0e-8f6e-9c1b7f1d3a55","uid":"al","hidden":true,)"
    R"("data":{"name":"a name that is longer than a string keeps within itself"}},)"
    R"({"sid":"s","uid":null,"hidden":false,"data":{}}],)"
    R"("next":"0a3b7c52-1d0e-4f6a-9b57-3f0f6a1c2d4e"})";

} // namespace faults
