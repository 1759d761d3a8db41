// The event stream parser against the vectors of tests/vectors/sse.json, and at its limits.
#include "event_stream/parser.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <jansson.h>

namespace {

using kn::event_stream::parser;

struct event {
    std::string type;
    std::string data;
    std::string id;
    bool operator==(const event &) const = default;
};

void PrintTo(const event &e, std::ostream *out) {
    *out << "{type " << e.type << ", id " << e.id << ", data " << e.data.substr(0, 80) << "}";
}

/// A parser with all that came out of it.
struct reading {
    explicit reading(std::size_t limit = 16 * 1024 * 1024, std::string last_event_id = "")
        : p(limit, std::move(last_event_id)) {}

    /// False when the parser refuses to go on.
    bool feed(std::string_view bytes) {
        parser::outcome now;
        do {
            now = p.read(bytes);
            if (const auto hint = p.take_retry_hint())
                retry = hint;
            if (now == parser::outcome::event)
                events.push_back(
                    {std::string(p.type()), std::string(p.data()), p.last_event_id()});
        } while (now == parser::outcome::event);
        return now == parser::outcome::needs_more;
    }

    parser p;
    std::vector<event> events;
    std::optional<std::uint64_t> retry;
};

struct vector {
    std::string name;
    std::vector<std::string> chunks;
    std::vector<event> expected;
    std::optional<std::uint64_t> retry;
    std::string last_event_id;
};

std::string from_base64(std::string_view text) {
    constexpr std::string_view alphabet =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    std::string out;
    std::uint32_t group = 0;
    int bits = 0;
    for (const char c : text) {
        if (c == '=')
            break;
        group = group << 6 | static_cast<std::uint32_t>(alphabet.find(c));
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out.push_back(static_cast<char>(group >> bits & 0xFF));
        }
    }
    return out;
}

std::string text(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return {json_string_value(value), json_string_length(value)};
}

std::vector<vector> load_vectors() {
    json_error_t error;
    json_t *root = json_load_file(SSE_VECTORS, JSON_ALLOW_NUL, &error);
    if (root == nullptr)
        throw std::runtime_error(std::string(SSE_VECTORS) + ": " + error.text);
    std::vector<vector> vectors;
    std::size_t i;
    json_t *entry;
    json_array_foreach(root, i, entry) {
        vector v;
        v.name = text(entry, "name");
        std::size_t j;
        json_t *item;
        json_array_foreach(json_object_get(entry, "chunks"), j, item) {
            v.chunks.push_back(from_base64(json_string_value(item)));
        }
        json_array_foreach(json_object_get(entry, "expected"), j, item) {
            v.expected.push_back({text(item, "type"), text(item, "data"), text(item, "id")});
        }
        const json_t *retry = json_object_get(entry, "retry");
        if (json_is_integer(retry))
            v.retry = static_cast<std::uint64_t>(json_integer_value(retry));
        v.last_event_id = text(entry, "last_event_id");
        vectors.push_back(v);
    }
    json_decref(root);
    return vectors;
}

void PrintTo(const vector &v, std::ostream *out) { *out << v.name; }

class parser_vectors : public testing::TestWithParam<vector> {
  protected:
    void expect_outcome(const std::vector<std::string> &pieces) const {
        reading r;
        for (const std::string &piece : pieces)
            ASSERT_TRUE(r.feed(piece));
        EXPECT_EQ(r.events, GetParam().expected);
        EXPECT_EQ(r.retry, GetParam().retry);
        EXPECT_EQ(r.p.last_event_id(), GetParam().last_event_id);
    }

    std::string whole() const {
        std::string all;
        for (const std::string &chunk : GetParam().chunks)
            all += chunk;
        return all;
    }
};

TEST_P(parser_vectors, in_its_own_pieces) { expect_outcome(GetParam().chunks); }

TEST_P(parser_vectors, whole) { expect_outcome({whole()}); }

TEST_P(parser_vectors, byte_by_byte) {
    std::vector<std::string> bytes;
    for (const char c : whole())
        bytes.emplace_back(1, c);
    expect_outcome(bytes);
}

TEST_P(parser_vectors, cut_in_two_at_every_place) {
    const std::string all = whole();
    // The long ones would take quadratic time: there, some hundred places stand for all.
    const std::size_t step = all.size() / 512 + 1;
    for (std::size_t cut = 0; cut <= all.size(); cut += step) {
        SCOPED_TRACE(cut);
        expect_outcome({all.substr(0, cut), all.substr(cut)});
    }
}

INSTANTIATE_TEST_SUITE_P(sse, parser_vectors, testing::ValuesIn(load_vectors()),
                         [](const auto &generated) {
                             std::string name = generated.param.name;
                             for (char &c : name)
                                 if (std::isalnum(static_cast<unsigned char>(c)) == 0)
                                     c = '_';
                             return name;
                         });

TEST(parser, all_vectors_are_there) { EXPECT_EQ(load_vectors().size(), 75U); }

TEST(parser, goes_on_from_the_last_connection_s_id) {
    reading r(1024, "41");
    ASSERT_TRUE(r.feed("data: a\n\nid: 42\ndata: b\n"));
    EXPECT_EQ(r.events, (std::vector<event>{{"message", "a", "41"}}));
    EXPECT_EQ(r.p.last_event_id(), "41") << "the block with 42 has not ended";
}

TEST(parser, takes_an_event_of_just_the_limit) {
    const std::string data(100, 'x');
    reading r(100 + 1 + 2);
    EXPECT_TRUE(r.feed("event: t\nid: 17\ndata: " + data + "\n\n"));
    ASSERT_EQ(r.events.size(), 1U);
    EXPECT_EQ(r.events[0].data, data);
}

TEST(parser, refuses_an_event_one_byte_over_the_limit) {
    const std::string data(100, 'x');
    for (const std::size_t piece : {1U, 7U, 1000U}) {
        reading r(100 + 1 + 2 - 1);
        const std::string all = "event: t\nid: 17\ndata: " + data + "\n\n";
        bool ok = true;
        for (std::size_t at = 0; ok && at < all.size(); at += piece)
            ok = r.feed(all.substr(at, piece));
        EXPECT_FALSE(ok) << "in pieces of " << piece;
        EXPECT_TRUE(r.events.empty());
    }
}

TEST(parser, refuses_many_small_lines_over_the_limit) {
    reading r(1000);
    bool ok = true;
    for (int i = 0; ok && i < 1000; ++i)
        ok = r.feed("data: 12345678\n");
    EXPECT_FALSE(ok);
}

TEST(parser, never_ending_comments_and_unknown_fields_cost_nothing) {
    reading r(16);
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
    reading r(1000);
    ASSERT_TRUE(r.feed("data: "));
    std::size_t taken = 0;
    while (r.feed("x"))
        ++taken;
    EXPECT_GE(taken, 1000U);
    EXPECT_LE(taken, 1010U);
}

TEST(parser, a_retry_beyond_all_bounds_saturates) {
    reading r(1024);
    ASSERT_TRUE(r.feed("retry: 99999999999999999999999999999999\n"));
    EXPECT_EQ(r.retry, static_cast<std::uint64_t>(INT64_MAX));
}

} // namespace
