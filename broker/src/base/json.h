// JSON as raw text. The broker relays values it never has to understand, and must not change them:
// 1.0 stays 1.0 and 1e400 stays 1e400. So a document is validated once, in one pass, and cut into
// members whose values remain spans of the original text.
#pragma once

#include "base/json_text.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <limits>
#include <optional>
#include <string_view>
#include <vector>

namespace webrocket {

inline constexpr std::size_t json_depth_max = 64;

enum class JsonType : std::uint8_t { object, array, string, number, boolean, null };

// What is JSON, and yet a document that many readers refuse as a whole, or that ends them.
enum class JsonFlaw : std::uint8_t {
    none,
    number, // beyond a double's range: too large, or taken for 0
    name    // with U+0000 in it
};

struct JsonMember {
    std::string_view key;   // with its quotes, as written; empty in an array
    std::string_view value; // as written
    JsonType type = JsonType::null;
    JsonFlaw flaw = JsonFlaw::none;  // the first one, in its name or however deep in its value
    bool has_line_end = false;       // between the tokens of its value
    bool has_plain_key = true;       // without an escape: as written it is what it means
    std::uint32_t listed_inside = 0; // of the members listed behind it, those that are in its value
};

// The members of one object, or the elements of one array, in a list that has theirs too.
class JsonMembers {
  public:
    class Iterator {
      public:
        using difference_type = std::ptrdiff_t;
        using value_type = JsonMember;
        using pointer = const JsonMember *;
        using reference = const JsonMember &;
        using iterator_category = std::forward_iterator_tag;

        Iterator() = default;
        explicit Iterator(const JsonMember *at) : at_(at) {}
        const JsonMember &operator*() const { return *at_; }
        const JsonMember *operator->() const { return at_; }
        Iterator &operator++() {
            at_ += 1 + at_->listed_inside;
            return *this;
        }
        Iterator operator++(int) {
            const Iterator before = *this;
            ++*this;
            return before;
        }
        bool operator==(const Iterator &) const = default;

      private:
        const JsonMember *at_ = nullptr;
    };

    JsonMembers() = default;
    JsonMembers(const JsonMember *first, std::size_t count) : first_(first), end_(first + count) {}
    JsonMembers(const std::vector<JsonMember> &list) : JsonMembers(list.data(), list.size()) {}

    Iterator begin() const { return Iterator(first_); }
    Iterator end() const { return Iterator(end_); }
    bool empty() const { return first_ == end_; }

  private:
    const JsonMember *first_ = nullptr;
    const JsonMember *end_ = nullptr;
};

// Each member is followed by those that are in its value, as far as they were to be listed.
struct JsonDocument {
    std::vector<JsonMember> list;
    bool is_whole = true; // false: there are more members than were wanted, and no more was read

    operator JsonMembers() const { return list; }
};

// What of a text is to be read.
struct JsonWanted {
    std::size_t depth_max = json_depth_max;
    std::size_t levels = 1; // how deep members are listed, json_levels_max at most
    std::size_t second_level_max = std::numeric_limits<std::size_t>::max(); // members, in all
};

inline constexpr std::size_t json_levels_max = 4;

// A text that is one JSON object; nothing when it is not valid UTF-8 JSON, is another kind of value
// or is nested too deep. Duplicate keys are all listed.
std::optional<JsonDocument> scan_json_object(std::string_view text, const JsonWanted &wanted = {});
// Into a document that had another one before, whose memory is used again. False where there is
// nothing, whatever is in it then.
bool scan_json_object(std::string_view text, const JsonWanted &wanted, JsonDocument &document);

// A text that is one JSON array.
std::optional<JsonDocument> scan_json_array(std::string_view text);

// What is listed of the value of a member, which stands in its document.
JsonMembers members_of(const JsonMember &member);

// Whether its key means `name`.
inline bool is_called(const JsonMember &member, std::string_view name) {
    constexpr std::size_t quotes = 2;
    if (!member.has_plain_key)
        return json_key_is(member.key, name);
    return member.key.size() == name.size() + quotes && member.key.substr(1, name.size()) == name;
}

// The member called `name`, or null. Of a repeated key the last one counts, as in every JSON
// library.
const JsonMember *find_member(const JsonMembers &members, std::string_view name);

// For a sentence: what the value has.
std::string_view describe(JsonFlaw flaw);

} // namespace webrocket
