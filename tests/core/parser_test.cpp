// The event stream parser against the vectors of tests/vectors/sse.json, and at its limits.
#include "event_stream/parser.h"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "sse_vectors.hpp"

namespace {

using kn::event_stream::Parser;
using sse::event;

/// A parser with all that came out of it.
struct Reading {
    explicit Reading(std::size_t limit = 16 * 1024 * 1024, std::string last_event_id = "")
        : p(limit, std::move(last_event_id)) {}

    /// False when the parser refuses to go on.
    bool feed(std::string_view bytes) {
        Parser::Outcome now;
        do {
            now = p.read(bytes);
            if (const auto hint = p.take_retry_hint())
                retry = hint;
            if (now == Parser::Outcome::event)
                events.push_back({std::string(p.type()), std::string(p.data()), p.last_event_id()});
        } while (now == Parser::Outcome::event);
        return now == Parser::Outcome::needs_more;
    }

    Parser p;
    std::vector<event> events;
    std::optional<std::uint64_t> retry;
};

class parser_vectors : public testing::TestWithParam<sse::vector> {
  protected:
    void expect_outcome(const std::vector<std::string> &pieces) const {
        Reading r;
        for (const std::string &piece : pieces)
            ASSERT_TRUE(r.feed(piece));
        EXPECT_EQ(r.events, GetParam().expected);
        EXPECT_EQ(r.retry, GetParam().retry);
        EXPECT_EQ(r.p.last_event_id(), GetParam().last_event_id);
    }
};

TEST_P(parser_vectors, in_its_own_pieces) { expect_outcome(GetParam().chunks); }

TEST_P(parser_vectors, whole) { expect_outcome({GetParam().whole()}); }

TEST_P(parser_vectors, byte_by_byte) {
    std::vector<std::string> bytes;
    for (const char c : GetParam().whole())
        bytes.emplace_back(1, c);
    expect_outcome(bytes);
}

TEST_P(parser_vectors, cut_in_two_at_every_place) {
    const std::string all = GetParam().whole();
    // The long ones would take quadratic time: there, some hundred places stand for all.
    const std::size_t step = all.size() / 512 + 1;
    for (std::size_t cut = 0; cut <= all.size(); cut += step) {
        SCOPED_TRACE(cut);
        expect_outcome({all.substr(0, cut), all.substr(cut)});
    }
}

INSTANTIATE_TEST_SUITE_P(sse, parser_vectors, testing::ValuesIn(sse::load_vectors(SSE_VECTORS)),
                         sse::name_of);

TEST(parser, all_vectors_are_there) { EXPECT_EQ(sse::load_vectors(SSE_VECTORS).size(), 75U); }

TEST(parser, goes_on_from_the_last_connection_s_id) {
    Reading r(1024, "41");
    ASSERT_TRUE(r.feed("data: a\n\nid: 42\ndata: b\n"));
    EXPECT_EQ(r.events, (std::vector<event>{{"message", "a", "41"}}));
    EXPECT_EQ(r.p.last_event_id(), "41") << "the block with 42 has not ended";
}

TEST(parser, takes_an_event_of_just_the_limit) {
    const std::string data(100, 'x');
    Reading r(100 + 1 + 2);
    EXPECT_TRUE(r.feed("event: t\nid: 17\ndata: " + data + "\n\n"));
    ASSERT_EQ(r.events.size(), 1U);
    EXPECT_EQ(r.events[0].data, data);
}

TEST(parser, refuses_an_event_one_byte_over_the_limit) {
    const std::string data(100, 'x');
    for (const std::size_t piece : {1U, 7U, 1000U}) {
        Reading r(100 + 1 + 2 - 1);
        const std::string all = "event: t\nid: 17\ndata: " + data + "\n\n";
        bool ok = true;
        for (std::size_t at = 0; ok && at < all.size(); at += piece)
            ok = r.feed(all.substr(at, piece));
        EXPECT_FALSE(ok) << "in pieces of " << piece;
        EXPECT_TRUE(r.events.empty());
    }
}

TEST(parser, refuses_many_small_lines_over_the_limit) {
    Reading r(1000);
    bool ok = true;
    for (int i = 0; ok && i < 1000; ++i)
        ok = r.feed("data: 12345678\n");
    EXPECT_FALSE(ok);
}

TEST(parser, never_ending_comments_and_unknown_fields_cost_nothing) {
    Reading r(16);
    const std::string piece(4096, 'x');
    for (const char *beginning : {":", "unknown: ", "datum", "databasedatabase"}) {
        ASSERT_TRUE(r.feed(beginning));
        for (int i = 0; i < 100; ++i)
            ASSERT_TRUE(r.feed(piece)) << beginning;
        ASSERT_TRUE(r.feed("\n"));
    }
    ASSERT_TRUE(r.feed("data: ok\n\n"));
    EXPECT_EQ(r.events, (std::vector<event>{{"message", "ok", ""}}));
}

TEST(parser, a_line_without_end_is_refused_at_the_limit) {
    Reading r(1000);
    ASSERT_TRUE(r.feed("data: "));
    std::size_t taken = 0;
    while (r.feed("x"))
        ++taken;
    EXPECT_GE(taken, 1000U);
    EXPECT_LE(taken, 1010U);
}

TEST(parser, a_line_over_the_limit_is_refused_though_its_value_means_nothing) {
    const std::string long_text(100, 'x');
    for (const std::string &line :
         {"retry: " + long_text, "id: " + long_text + std::string(1, '\0')})
        for (const std::size_t piece : {1U, 7U, 1000U}) {
            Reading r(50);
            bool ok = true;
            for (std::size_t at = 0; ok && at <= line.size(); at += piece)
                ok = r.feed((line + "\n").substr(at, piece));
            EXPECT_FALSE(ok) << line.substr(0, 5) << " in pieces of " << piece;
        }
}

TEST(parser, a_retry_beyond_all_bounds_saturates) {
    Reading r(1024);
    ASSERT_TRUE(r.feed("retry: 99999999999999999999999999999999\n"));
    EXPECT_EQ(r.retry, static_cast<std::uint64_t>(INT64_MAX));
}

// What follows an event is looked at as a whole first. It may be cut anywhere, and be no such
// record: nothing of that may be seen.
struct Outcome {
    bool is_read;
    std::vector<event> events;
    std::string last_event_id;
};

Outcome outcome_of(const std::string &bytes, std::size_t piece, std::size_t limit) {
    Reading r(limit);
    bool is_read = true;
    for (std::size_t at = 0; is_read && at < bytes.size(); at += piece)
        is_read = r.feed(bytes.substr(at, piece));
    return {is_read, r.events, r.p.last_event_id()};
}

void expect_same_in_pieces(const std::string &bytes, std::size_t limit = 1024) {
    SCOPED_TRACE(testing::PrintToString(bytes) + " within " + std::to_string(limit));
    const Outcome expected = outcome_of(bytes, 1, limit);
    for (const std::size_t piece : {bytes.size(), std::size_t{50}, std::size_t{7}}) {
        const Outcome found = outcome_of(bytes, piece, limit);
        ASSERT_EQ(found.is_read, expected.is_read);
        ASSERT_EQ(found.events, expected.events);
        ASSERT_EQ(found.last_event_id, expected.last_event_id);
    }
}

const std::string usual_record = "id: 41\nevent: chat/said\ndata: {\"text\":\"hello\"}\n\n";

TEST(parser, any_byte_at_any_place_of_a_usual_record) {
    for (std::size_t at = 0; at < usual_record.size(); ++at)
        for (const char odd : {'\n', '\r', '\0', '\x80', '\xC3', ':', ' ', 'x'}) {
            std::string changed = usual_record;
            changed[at] = odd;
            expect_same_in_pieces(usual_record + changed + usual_record);
        }
}

TEST(parser, a_usual_record_cut_and_mended_at_any_place) {
    for (std::size_t at = 0; at < usual_record.size(); ++at)
        for (const char *instead :
             {"", "\n", "\r\n", ": \n\n", "\xC3\xA9", "retry: 5\n", "id: 7\n"})
            expect_same_in_pieces(usual_record + usual_record.substr(0, at) + instead +
                                  usual_record.substr(at) + usual_record);
}

TEST(parser, a_usual_record_has_the_same_limits) {
    for (std::size_t limit = 20; limit < 60; ++limit)
        for (const char *text : {"", "\xC3\xA9", "\x80\x80\x80", "more than what there was before"})
            expect_same_in_pieces("data: 1\n\nid: 42\nevent: chat/said\ndata: {" +
                                      std::string(text) + "}\n\n" + usual_record,
                                  limit);
}

TEST(parser, gives_back_what_a_large_event_had_taken) {
    Reading r;
    const std::string large =
        "id: 1\nevent: a/b\ndata: " + std::string(1000 * 1000, '\x80') + "\n\n";
    ASSERT_TRUE(r.feed(usual_record + large + usual_record + usual_record));
    EXPECT_EQ(r.events.size(), 4U);
    EXPECT_EQ(r.events[1].data.size(), 3 * 1000 * 1000U);
    EXPECT_EQ(r.events[3].data, R"({"text":"hello"})");
}

} // namespace
