// An event that is made in the memory of another.
#include "worker/event.h"

#include <string>

#include <gtest/gtest.h>

namespace {

using kn::EventPtr;

void expect_texts(const kn_event &event, const std::string &channel, const std::string &name,
                  const std::string &id, const std::string &data) {
    EXPECT_EQ(event.topic(), channel.empty() ? name : channel + "/" + name);
    EXPECT_EQ(event.channel(), channel);
    EXPECT_EQ(event.name(), name);
    EXPECT_EQ(event.channel_view(), channel);
    EXPECT_EQ(event.name_view(), name);
    EXPECT_EQ(event.id(), id);
    EXPECT_EQ(event.data(), data);
    EXPECT_EQ(event.data_size(), data.size());
}

TEST(event, is_remade_with_other_texts) {
    const EventPtr event(kn_event::create("chat/said", "41", std::string(100, 'x')));
    ASSERT_TRUE(event->remake("chat/said", "1042", R"({"n":1})"));
    expect_texts(*event, "chat", "said", "1042", R"({"n":1})");
    ASSERT_TRUE(event->remake("room/written/down", "", ""));
    expect_texts(*event, "room", "written/down", "", "");
    ASSERT_TRUE(event->remake("message", "7", "{}"));
    expect_texts(*event, "", "message", "7", "{}");
}

TEST(event, is_remade_up_to_its_last_byte_and_no_further) {
    for (const char *topic : {"chat/said", "t"}) {
        const EventPtr event(kn_event::create(topic, "41", "12345"));
        EXPECT_TRUE(event->remake(topic, "4", "123456"));
        EXPECT_FALSE(event->remake(topic, "41", "123456"));
        expect_texts(*event, topic[1] == '\0' ? "" : "chat", topic[1] == '\0' ? "t" : "said", "4",
                     "123456");
        EXPECT_FALSE(event->remake("chats/said", "41", "12345"));
        EXPECT_EQ(event->data(), std::string("123456"));
    }
}

TEST(event, is_remade_without_the_sender_it_had) {
    const EventPtr event(kn_event::create("a/b", "1", R"({"uid":"joe","sid":"s-1"})"));
    EXPECT_STREQ(event->uid(), "joe");
    ASSERT_TRUE(event->remake("a/b", "2", R"({"uid":"eve"})"));
    EXPECT_STREQ(event->uid(), "eve");
    EXPECT_EQ(event->sid(), nullptr);
}

TEST(event, is_shared_while_somebody_keeps_it) {
    const EventPtr event(kn_event::create("a/b", "1", "{}"));
    EXPECT_TRUE(event->is_unshared());
    event->retain();
    EXPECT_FALSE(event->is_unshared());
    event->release();
    EXPECT_TRUE(event->is_unshared());
}

} // namespace
