#include "store/storage_dir.h"

#include <gtest/gtest.h>
#include <string>

namespace {

using namespace std::string_literals;
using namespace webrocket;

TEST(storage_dir, names_of_nodes) {
    for (const auto &name : {"ab"s, ".-"s, "host.example"s, "a b"s, "_1"s, std::string(200, 'a')})
        EXPECT_TRUE(is_valid_node_name(name)) << name;
    for (const auto &name :
         {""s, "a"s, " ab"s, "a/b"s, ".a/.."s, "a\n"s, "a\0b"s, std::string(201, 'a')})
        EXPECT_FALSE(is_valid_node_name(name)) << name;
}

} // namespace
