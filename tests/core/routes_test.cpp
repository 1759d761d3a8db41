// Patterns: what they cover, and what the broker is asked for.
#include "worker/routes.h"

#include <algorithm>
#include <regex>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/failure.h"
#include "http/curl.h"
#include "worker/topic_regex.h"

namespace {

using kn::Pattern;
using kn::Routes;

void ignore(kn_event *, void *) {}

kn::CallbackPtr<kn_handler> handler() {
    return kn::make_callback(&ignore, kn::UserDataOwner(nullptr, nullptr));
}

std::string filter_of(std::initializer_list<const char *> patterns) {
    Routes r;
    for (const char *text : patterns)
        r.set(Pattern(text), handler());
    return r.filter().regex;
}

/// One handler for each of these.
Routes handlers_for(const std::vector<std::string> &patterns) {
    Routes r;
    for (const std::string &text : patterns)
        r.set(Pattern(text), handler());
    return r;
}

TEST(pattern, covers_by_parts) {
    EXPECT_TRUE(Pattern("chat/save").covers("chat", "save"));
    EXPECT_FALSE(Pattern("chat/save").covers("chat", "saved"));
    EXPECT_FALSE(Pattern("chat/save").covers("chats", "save"));
    EXPECT_TRUE(Pattern("chat/*").covers("chat", "a/b"));
    EXPECT_TRUE(Pattern("chat/*").covers("chat", ""));
    EXPECT_TRUE(Pattern("*/save").covers("", "save"));
    EXPECT_TRUE(Pattern("*/*").covers("", ""));
    EXPECT_TRUE(Pattern("/save").covers("", "save"));
    EXPECT_FALSE(Pattern("/save").covers("chat", "save"));
    EXPECT_TRUE(Pattern("chat/a/b").covers("chat", "a/b"));
}

TEST(pattern, a_star_covers_no_event_of_the_broker_s_own) {
    EXPECT_FALSE(Pattern("chat/*").covers("chat", ":joined"));
    EXPECT_FALSE(Pattern("*/*").covers("", ":gap"));
    EXPECT_TRUE(Pattern("*/:gap").covers("", ":gap"));
    EXPECT_TRUE(Pattern("chat/:joined").covers("chat", ":joined"));
}

TEST(pattern, refuses_what_is_none) {
    for (const char *text :
         {"", "chat", "chat/", "*", "/", "ch*t/save", "chat/s*", "chat/**", "**/x", "chat/a\nb"})
        EXPECT_THROW(Pattern{text}, kn::Failure) << text;
}

TEST(pattern, refuses_regular_expressions_by_that_name) {
    for (const char *text : {"ticket/(new|old)", "ticket/[ab]", "^ticket/new", "ticket/new$",
                             "ticket/\\w", "(a|b)/new", "ticket/{id}", "ti[ck]et/*"}) {
        try {
            Pattern{text};
            FAIL() << text;
        } catch (const kn::Failure &why) {
            EXPECT_EQ(why.status(), KN_EINVAL);
            EXPECT_NE(why.message().find(text), std::string::npos) << why.message();
            EXPECT_NE(why.message().find("no regular expression"), std::string::npos);
        }
    }
    for (const char *text : {"v1.2/c++", "ticket/ready?", "ticket/a b", "ticket/:own", "a-b_c/d.e"})
        EXPECT_NO_THROW(Pattern{text}) << text;
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
    EXPECT_EQ(filter_of({"a.b/c+d?e"}), R"(a\.b/c\+d\?e)");
}

std::vector<std::string> rooms(int count, const std::string &event) {
    std::vector<std::string> all;
    for (int i = 0; i < count; ++i)
        all.push_back("room-" + std::to_string(i) + event);
    return all;
}

void expect_fit(const kn::TopicFilter &filter) {
    EXPECT_LE(filter.regex.size(), kn::longest_filter);
    EXPECT_LE(kn::percent_encoded(filter.regex).size(), kn::longest_encoded_filter);
}

/// Whether just these topics pass, of themselves and of ones that are nearly like them.
void expect_exact(const Routes &r, const std::vector<std::string> &topics) {
    const kn::TopicFilter filter = r.filter();
    expect_fit(filter);
    EXPECT_FALSE(filter.is_wider);
    const std::regex compiled(filter.regex);
    for (const std::string &topic : topics) {
        EXPECT_TRUE(std::regex_match(topic, compiled)) << topic;
        EXPECT_FALSE(std::regex_match(topic + "x", compiled)) << topic;
        EXPECT_FALSE(std::regex_match("x" + topic, compiled)) << topic;
    }
}

TEST(filter, writes_once_what_many_have_in_common) {
    expect_exact(handlers_for(rooms(600, "/say")), rooms(600, "/say"));
    std::vector<std::string> events;
    for (int i = 0; i < 500; ++i)
        events.push_back("chat/message-" + std::to_string(i));
    expect_exact(handlers_for(events), events);
    std::vector<std::string> whole_channels = rooms(500, "/*");
    const kn::TopicFilter filter = handlers_for(whole_channels).filter();
    const std::regex compiled(filter.regex);
    EXPECT_FALSE(filter.is_wider);
    EXPECT_TRUE(std::regex_match("room-499/anything", compiled));
    EXPECT_FALSE(std::regex_match("room-499/:joined", compiled));
    EXPECT_FALSE(std::regex_match("room-500/anything", compiled));
}

TEST(filter, keeps_what_begins_like_another_and_what_is_no_ascii) {
    std::vector<std::string> topics = rooms(300, "/say");
    for (const char *more : {"room-/say", "room-1\xC3\xA4/say", "room-1\xC3\xB6/say", "r/say"})
        topics.emplace_back(more);
    std::string nested = "a";
    for (int i = 0; i < 50; ++i, nested += 'a')
        topics.push_back(nested + "/say");
    expect_exact(handlers_for(topics), topics);
}

TEST(filter, fits_when_it_is_percent_encoded_too) {
    std::vector<std::string> topics;
    for (int i = 0; i < 100; ++i)
        topics.push_back("\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F" +
                         std::to_string(i) + "/\xC3\xA4\xC3\xB6\xC3\xBC\xC3\x9F");
    expect_exact(handlers_for(topics), topics);
}

/// Names with nothing in common but their event.
std::vector<std::string> scattered_rooms(int count) {
    std::vector<std::string> patterns;
    for (int i = 0; i < count; ++i)
        patterns.push_back(std::to_string((i * 7919L) % 1000003) + "-room/say");
    return patterns;
}

TEST(filter, grows_wider_where_there_is_no_room_and_says_so) {
    std::vector<std::string> patterns = scattered_rooms(1500);
    const Routes same_event = handlers_for(patterns);
    const kn::TopicFilter wider = same_event.filter();
    EXPECT_TRUE(wider.regex.starts_with("[^/]*/say|/#")) << wider.regex;
    EXPECT_TRUE(wider.is_wider);
    EXPECT_TRUE(same_event.cover("0-room", "say"));
    EXPECT_FALSE(same_event.cover("other", "say"));

    for (std::string &text : patterns)
        text += text.substr(0, text.find('/'));
    EXPECT_TRUE(handlers_for(patterns).filter().regex.starts_with(".*|/#")); // every topic
    EXPECT_TRUE(handlers_for(patterns).filter().is_wider);
}

// The broker lets workers of the same text share events.
TEST(filter, is_no_other_s_text_where_it_is_wider) {
    std::vector<std::string> patterns = scattered_rooms(1500);
    const std::string text = handlers_for(patterns).filter().regex;
    EXPECT_NE(text, filter_of({"*/say"}));
    std::reverse(patterns.begin(), patterns.end());
    EXPECT_EQ(handlers_for(patterns).filter().regex, text);
    patterns.pop_back();
    EXPECT_NE(handlers_for(patterns).filter().regex, text);
}

TEST(filter, spells_the_colon_where_a_handler_does) {
    std::vector<std::string> patterns;
    for (int i = 0; i < 1500; ++i)
        patterns.push_back(std::to_string((i * 7919L) % 1000003) + "-room/e" + std::to_string(i));
    patterns.emplace_back("presence-x/:joined");
    const kn::TopicFilter filter = handlers_for(patterns).filter();
    const std::regex compiled(filter.regex);
    EXPECT_TRUE(filter.is_wider);
    EXPECT_TRUE(std::regex_match("presence-x/:joined", compiled));
    EXPECT_TRUE(std::regex_match("0-room/e0", compiled));
}

TEST(routes, a_removed_handler_keeps_its_place) {
    Routes r;
    r.set(Pattern("a/x"), handler());
    r.set(Pattern("b/x"), handler());
    r.set(Pattern("a/x"), nullptr);
    EXPECT_TRUE(r.has_handlers());
    EXPECT_TRUE(r.knows("a/x"));
    EXPECT_EQ(r.filter().regex, "b/x");
    r.set(Pattern("b/x"), nullptr);
    EXPECT_FALSE(r.has_handlers());
}

TEST(routes, removing_what_is_not_there_changes_nothing) {
    Routes r;
    r.set(Pattern("a/x"), nullptr);
    EXPECT_FALSE(r.knows("a/x"));
}

std::vector<std::string> covering(Routes &r, std::string_view topic) {
    const kn::EventPtr event(kn_event::create(topic, "1", "{}"));
    std::vector<std::string> patterns;
    for (const Routes::Route *one : r.covering(*event))
        patterns.push_back(one->what.text());
    return patterns;
}

using Texts = std::vector<std::string>;

TEST(routes, cover_an_event_however_often_they_are_asked) {
    Routes r = handlers_for({"chat/*", "*/said", "chat/:joined", "/x"});
    for (int again = 0; again < 3; ++again) {
        EXPECT_EQ(covering(r, "chat/said"), (Texts{"chat/*", "*/said"}));
        EXPECT_EQ(covering(r, "chat/said"), (Texts{"chat/*", "*/said"}));
        EXPECT_EQ(covering(r, "chat/:joined"), (Texts{"chat/:joined"}));
        EXPECT_EQ(covering(r, "x"), (Texts{"/x"}));
        EXPECT_EQ(covering(r, "nobody/s"), Texts{});
        EXPECT_EQ(covering(r, "chat/" + std::string(500, 'x')), (Texts{"chat/*"}));
        EXPECT_EQ(covering(r, "chats/" + std::string(500, 'x')), Texts{});
    }
}

TEST(routes, cover_as_they_were_changed) {
    Routes r = handlers_for({"chat/said"});
    EXPECT_EQ(covering(r, "chat/said"), (Texts{"chat/said"}));
    r.set(Pattern("*/said"), handler());
    EXPECT_EQ(covering(r, "chat/said"), (Texts{"chat/said", "*/said"}));
    Routes copy(r);
    EXPECT_EQ(covering(copy, "chat/said"), (Texts{"chat/said", "*/said"}));
    copy.set(Pattern("chat/said"), nullptr);
    EXPECT_EQ(covering(copy, "chat/said"), (Texts{"*/said"}));
    EXPECT_EQ(covering(r, "chat/said"), (Texts{"chat/said", "*/said"}));
}

} // namespace
