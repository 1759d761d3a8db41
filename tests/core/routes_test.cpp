// Patterns: what they cover, and what the broker is asked for.
#include "worker/routes.hpp"

#include <gtest/gtest.h>

#include "failure.hpp"

namespace {

using kn::pattern;
using kn::routes;

void ignore(kn_event *, void *) {}

kn::callback_ptr<kn_handler> handler() {
    return kn::make_callback(&ignore, kn::user_data_owner(nullptr, nullptr));
}

std::string filter_of(std::initializer_list<const char *> patterns) {
    routes r;
    for (const char *text : patterns)
        r = r.with(pattern(text), handler());
    return r.filter();
}

TEST(pattern, covers_by_parts) {
    EXPECT_TRUE(pattern("chat/save").covers("chat", "save"));
    EXPECT_FALSE(pattern("chat/save").covers("chat", "saved"));
    EXPECT_FALSE(pattern("chat/save").covers("chats", "save"));
    EXPECT_TRUE(pattern("chat/*").covers("chat", "a/b"));
    EXPECT_TRUE(pattern("chat/*").covers("chat", ""));
    EXPECT_TRUE(pattern("*/save").covers("", "save"));
    EXPECT_TRUE(pattern("*/*").covers("", ""));
    EXPECT_TRUE(pattern("/save").covers("", "save"));
    EXPECT_FALSE(pattern("/save").covers("chat", "save"));
    EXPECT_TRUE(pattern("chat/a/b").covers("chat", "a/b"));
}

TEST(pattern, a_star_covers_no_event_of_the_broker_s_own) {
    EXPECT_FALSE(pattern("chat/*").covers("chat", ":joined"));
    EXPECT_FALSE(pattern("*/*").covers("", ":gap"));
    EXPECT_TRUE(pattern("*/:gap").covers("", ":gap"));
    EXPECT_TRUE(pattern("chat/:joined").covers("chat", ":joined"));
}

TEST(pattern, refuses_what_is_none) {
    for (const char *text :
         {"", "chat", "chat/", "*", "/", "ch*t/save", "chat/s*", "chat/**", "**/x", "chat/a\nb"})
        EXPECT_THROW(pattern{text}, kn::failure) << text;
}

TEST(filter, asks_for_just_what_the_handlers_cover) {
    EXPECT_EQ(filter_of({}), "");
    EXPECT_EQ(filter_of({"chat/save"}), "chat/save");
    EXPECT_EQ(filter_of({"chat/*"}), "chat/(?:[^:].*)?");
    EXPECT_EQ(filter_of({"*/save"}), "(?:[^/]*/)?save");
    EXPECT_EQ(filter_of({"*/a/b"}), "[^/]*/a/b");
    EXPECT_EQ(filter_of({"*/*"}), "[^/]*/(?:[^:].*)?|(?:[^:/][^/]*)?");
    EXPECT_EQ(filter_of({"/save"}), "/?save");
    EXPECT_EQ(filter_of({"/a/b"}), "/a/b");
    EXPECT_EQ(filter_of({"/*"}), "/(?:[^:].*)?|(?:[^:/][^/]*)?");
}

TEST(filter, does_not_depend_on_the_order_or_on_repeats) {
    EXPECT_EQ(filter_of({"b/x", "a/x", "b/x"}), "a/x|b/x");
    EXPECT_EQ(filter_of({"a/x", "b/x"}), filter_of({"b/x", "a/x"}));
}

TEST(filter, escapes_what_means_something) {
    EXPECT_EQ(filter_of({"a.b/c+d(e)|f[g]{h}^i$j?k\\l"}),
              R"(a\.b/c\+d\(e\)\|f\[g\]\{h\}\^i\$j\?k\\l)");
}

TEST(routes, a_removed_handler_keeps_its_place) {
    routes r = routes().with(pattern("a/x"), handler()).with(pattern("b/x"), handler());
    r = r.with(pattern("a/x"), nullptr);
    EXPECT_TRUE(r.has_handlers());
    EXPECT_TRUE(r.knows("a/x"));
    EXPECT_EQ(r.filter(), "b/x");
    r = r.with(pattern("b/x"), nullptr);
    EXPECT_FALSE(r.has_handlers());
}

TEST(routes, removing_what_is_not_there_changes_nothing) {
    const routes r = routes().with(pattern("a/x"), nullptr);
    EXPECT_FALSE(r.knows("a/x"));
}

} // namespace
