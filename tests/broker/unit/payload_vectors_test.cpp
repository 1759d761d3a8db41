// What pages and workers are sent of two hundred kinds of data, byte for byte, as it was recorded
// when a broker was released that copied each member by itself.
#include "http/http_message.h"
#include "hub/payload.h"
#include "websocket/frame.h"

#include <array>
#include <cstdint>
#include <fstream>
#include <gtest/gtest.h>
#include <string>
#include <string_view>

namespace {

using namespace webrocket;

// Of a line: a letter, a space, and a text with "\\" and "\xHH" in it, which "|" ends.
std::string text_of(std::string_view line) {
    std::string text;
    line.remove_prefix(2);
    line.remove_suffix(1);
    while (!line.empty()) {
        std::size_t length = 1;
        if (line.front() != '\\') {
            text.push_back(line.front());
        } else if (line[1] == '\\') {
            length = 2;
            text.push_back('\\');
        } else {
            length = 4;
            text.push_back(
                static_cast<char>(std::stoi(std::string(line.substr(2, 2)), nullptr, 16)));
        }
        line.remove_prefix(length);
    }
    return text;
}

class Vectors {
  public:
    bool next() {
        if (!std::getline(file_, line_))
            return false;
        data = text_of(line_);
        for (std::string *text : {&page, &worker, &left}) {
            std::getline(file_, line_);
            *text = text_of(line_);
        }
        return true;
    }

    std::string data;
    std::string page;   // hears this of a broadcast,
    std::string worker; // this of the same event,
    std::string left;   // and this payload where the data are a member's farewell

  private:
    std::ifstream file_{PAYLOAD_VECTORS};
    std::string line_;
};

TEST(payload_vectors, are_what_they_were) {
    const std::string uid = "al\"ice\xc3\xa9";
    Vectors vectors;
    std::string before;
    std::uint64_t count = 0;
    while (vectors.next()) {
        const auto data = known_object(vectors.data);
        ++count;
        EXPECT_EQ(websocket_text(broadcast_message(R"("e")", data, "room", "s-1")), vectors.page)
            << vectors.data;
        EXPECT_EQ(http_chunk("id: " + std::to_string(count) + '\n' +
                             event_record("room/e", data, "room", {"s-1", &uid})),
                  vectors.worker)
            << vectors.data;
        EXPECT_EQ(
            left_payload("p", {"s-2", nullptr}, count % 2 == 0, known_object(before), data, "lost"),
            vectors.left)
            << before << " and " << vectors.data;
        before = vectors.data;
    }
    EXPECT_EQ(count, 200U);
}

} // namespace
