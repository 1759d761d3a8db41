// What a group has beside its state: topics by number, and events that are young.
#include "groups/event_slots.h"
#include "groups/topic_book.h"

#include <gtest/gtest.h>
#include <string>
#include <vector>

namespace {

using namespace webrocket;

TopicFilter filter(const std::string &text) {
    return TopicFilter::of(text, text.empty() ? nullptr : Pattern::compile(text));
}

KeptEventPtr event(const std::string &sid, std::size_t size) {
    return std::make_shared<const KeptEvent>(
        EventTexts{"t", sid, std::nullopt, "", "127.0.0.1", ""}, 1, share(std::string(size, 'x')));
}

TEST(topic_book, gives_equal_texts_equal_numbers) {
    TopicBook book;
    const auto a = book.take_topic("a");
    EXPECT_NE(book.take_topic("b"), a);
    EXPECT_EQ(book.take_topic("a"), a);
    book.release_topic(a);
    EXPECT_EQ(book.take_topic("a"), a);
    EXPECT_EQ(book.number_of(filter("x.*")), book.number_of(filter("x.*")));
    EXPECT_NE(book.number_of(filter("x.*")), book.number_of(filter("")));
}

TEST(topic_book, matches) {
    TopicBook book;
    const auto all = book.number_of(filter(""));
    const auto some = book.number_of(filter("room/.*"));
    const auto system = book.number_of(filter(".*/:joined"));
    const auto plain = book.take_topic("room/x");
    const auto joined = book.take_topic("room/:joined");
    EXPECT_TRUE(book.matches(all, plain));
    EXPECT_FALSE(book.matches(all, joined));
    EXPECT_TRUE(book.matches(some, plain));
    EXPECT_FALSE(book.matches(some, joined));
    EXPECT_FALSE(book.matches(system, plain));
    EXPECT_TRUE(book.matches(system, joined));
}

TEST(topic_book, forgets_topics_that_have_no_event) {
    TopicBook book;
    const auto kept = book.take_topic("kept");
    std::uint32_t most = 0;
    for (int i = 0; i < 100000; ++i) {
        const auto number = book.take_topic("topic " + std::to_string(i));
        most = std::max(most, number);
        book.release_topic(number);
    }
    EXPECT_LT(most, 2000U);
    EXPECT_EQ(book.take_topic("kept"), kept);
}

TEST(event_slots, keep_what_is_young) {
    EventSlots slots;
    std::vector<std::uint64_t> cookies;
    for (int i = 0; i < 10; ++i)
        cookies.push_back(slots.add({}, event("s", EventSlots::bytes_max / 4), false));
    EXPECT_EQ(slots.event(cookies.front()), nullptr);
    EXPECT_NE(slots.event(cookies.back()), nullptr);
    EXPECT_NE(slots.event(cookies[7]), nullptr);
    EXPECT_EQ(slots.event(cookies[5]), nullptr);
    for (const auto cookie : cookies)
        slots.release(cookie);
    const auto again = slots.add({}, event("s", 1), false);
    EXPECT_NE(slots.event(again), nullptr);
    EXPECT_LE(again, cookies.size());
}

TEST(event_slots, keep_what_is_nowhere_else) {
    EventSlots slots;
    const auto only = slots.add({}, event("s", 1000), true);
    for (int i = 0; i < 10; ++i)
        slots.add({}, event("s", EventSlots::bytes_max / 4), false);
    EXPECT_NE(slots.event(only), nullptr);
    EXPECT_GE(slots.only_copy_bytes(), 1000U);
    slots.release(only);
    EXPECT_EQ(slots.only_copy_bytes(), 0U);
}

TEST(event_slots, know_the_keys) {
    EventSlots slots;
    const auto of = event("s", 1);
    const auto cookie = slots.add(of->keys(), nullptr, false);
    EXPECT_EQ(slots.event(cookie), nullptr);
    EXPECT_EQ(slots.key(cookie, GroupOrder::sid), of->keys().sid);
    EXPECT_EQ(slots.key(cookie, GroupOrder::uid), of->keys().sid);
    EXPECT_EQ(slots.key(cookie, GroupOrder::none), 0U);
}

} // namespace
