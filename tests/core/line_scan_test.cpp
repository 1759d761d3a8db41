// Lines are looked for in blocks of bytes; what is found must not depend on where a block ends.
#include "event_stream/line_scan.h"

#include <algorithm>
#include <string>

#include <gtest/gtest.h>

namespace {

using kn::event_stream::scan_line;
using kn::event_stream::scan_record;
using kn::event_stream::ScannedLine;
using kn::event_stream::ScannedRecord;

constexpr std::size_t longest = 100; // a few blocks

ScannedLine looked_at_one_by_one(std::string_view bytes) {
    const std::size_t size = std::min(bytes.find_first_of("\r\n"), bytes.size());
    const bool is_plain =
        std::all_of(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size),
                    [](unsigned char c) { return c >= 0x20 && c < 0x80; });
    return {size, is_plain};
}

void expect_as_one_by_one(std::string_view bytes) {
    const ScannedLine found = scan_line(bytes);
    const ScannedLine expected = looked_at_one_by_one(bytes);
    EXPECT_EQ(found.size, expected.size) << testing::PrintToString(bytes);
    EXPECT_EQ(found.is_plain, expected.is_plain) << testing::PrintToString(bytes);
}

TEST(line_scan, every_byte_at_every_place) {
    for (int byte = 0; byte < 256; ++byte) {
        std::string line(longest, 'x');
        for (char &place : line) {
            place = static_cast<char>(byte);
            expect_as_one_by_one(line);
            place = 'x';
        }
    }
}

TEST(line_scan, every_length_and_end) {
    for (const char *end : {"", "\n", "\r", "\r\n", "\n\r", "\n\xC3\xA9", "\n\0"})
        for (const char *odd : {"", "\t", "\xC3\xA9"})
            for (std::size_t length = 0; length <= longest; ++length)
                for (std::size_t after = 0; after <= longest; after += 5)
                    expect_as_one_by_one(std::string(length, 'x') + odd + std::string(length, 'y') +
                                         end + std::string(after, 'z'));
}

TEST(line_scan, the_first_of_many_ends) {
    for (std::size_t at = 0; at < longest; ++at) {
        std::string lines(2 * longest, '\n');
        std::fill_n(lines.begin(), at, 'x');
        expect_as_one_by_one(lines);
        std::fill_n(lines.begin(), at, '\x80');
        expect_as_one_by_one(lines);
    }
}

void expect_record(const std::string &id, const std::string &type, const std::string &data,
                   bool is_plain) {
    const std::string record = "id: " + id + "\nevent: " + type + "\ndata: " + data + "\n\n";
    for (const char *after :
         {"", "\n", "id: 4", "data: of what comes behind it, and is not looked at"}) {
        const std::string bytes = record + after;
        const ScannedRecord found = scan_record(bytes);
        ASSERT_EQ(found.size, record.size()) << testing::PrintToString(bytes);
        EXPECT_EQ(found.id, id);
        EXPECT_EQ(found.type, type);
        EXPECT_EQ(found.data, data);
        EXPECT_EQ(found.is_data_plain, is_plain);
    }
    for (std::size_t cut = 0; cut < record.size(); ++cut)
        EXPECT_EQ(scan_record(record.substr(0, cut)).size, 0U) << "cut at " << cut;
}

TEST(record_scan, every_length) {
    for (std::size_t length = 0; length <= longest; ++length) {
        const std::string text(length, 'x');
        expect_record(text, "chat/said", "{}", true);
        expect_record("7", text, "{}", true);
        expect_record("7", "chat/said", text, true);
        expect_record("7", "chat/said", text + "\xC3\xA9" + text, false);
    }
}

TEST(record_scan, what_is_not_as_usual_is_none) {
    for (const std::string record :
         {"id:7\nevent: a/b\ndata: {}\n\n", "event: a/b\ndata: {}\n\n", "id: 7\ndata: {}\n\n",
          "id: 7\nevent: a/b\n\n", "event: a/b\nid: 7\ndata: {}\n\n",
          "id: 7\r\nevent: a/b\r\ndata: {}\r\n\r\n", "id: 7\nevent: a/b\ndata: {}\r\n\n",
          "id: 7\nevent: a/b\ndata: {}\n\r", "id: 7\nevent: a/b\ndata: {}\ndata: 2\n\n",
          "id: 7\nevent: a/b\ndata:\n\n", "id: 7\xC3\xA9\nevent: a/b\ndata: {}\n\n",
          "id: 7\nevent: \xC3\xA9/b\ndata: {}\n\n", ": \nid: 7\nevent: a/b\ndata: {}\n\n"})
        EXPECT_EQ(scan_record(record).size, 0U) << testing::PrintToString(record);
}

} // namespace
