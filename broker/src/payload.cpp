#include "payload.h"

#include "json.h"

#include <algorithm>
#include <set>
#include <utility>
#include <vector>

namespace webrocket {
namespace {

// Valid JSON has line breaks only between tokens, where a space means the same.
void append_on_one_line(std::string &out, std::string_view json) {
    const auto start = static_cast<std::ptrdiff_t>(out.size());
    out.append(json);
    for (const char line_end : {'\n', '\r'}) {
        if (json.find(line_end) != std::string_view::npos)
            std::replace(out.begin() + start, out.end(), line_end, ' ');
    }
}

class ObjectWriter {
  public:
    explicit ObjectWriter(std::size_t size_expected) { out_.reserve(size_expected); }

    // Both are JSON text, the key with its quotes.
    void add(std::string_view key, std::string_view value) {
        out_.append(1, out_.empty() ? '{' : ',').append(key).append(1, ':');
        append_on_one_line(out_, value);
    }

    std::string finish() && {
        out_.append(out_.empty() ? "{}" : "}");
        return std::move(out_);
    }

  private:
    std::string out_;
};

std::vector<JsonMember> members_of(std::string_view object) {
    return object.empty() ? std::vector<JsonMember>()
                          : scan_json_object(object).value_or(std::vector<JsonMember>());
}

} // namespace

std::string overlay_payload(std::string_view object, std::initializer_list<PayloadField> fields) {
    ObjectWriter writer(object.size() + 128);
    for (const auto &member : members_of(object)) {
        const bool overwritten =
            std::any_of(fields.begin(), fields.end(), [&member](const PayloadField &field) {
                return json_key_is(member.key, field.key);
            });
        if (!overwritten)
            writer.add(member.key, member.value);
    }
    for (const auto &field : fields)
        writer.add('"' + std::string(field.key) + '"', field.value);
    return std::move(writer).finish();
}

std::string merge_objects(std::string_view object, std::string_view over) {
    const auto winners = members_of(over);
    std::set<std::string> won;
    for (const auto &member : winners)
        won.insert(decode_json_string(member.key));
    ObjectWriter writer(object.size() + over.size());
    for (const auto &member : members_of(object)) {
        if (!won.contains(decode_json_string(member.key)))
            writer.add(member.key, member.value);
    }
    for (const auto &member : winners)
        writer.add(member.key, member.value);
    return std::move(writer).finish();
}

std::string event_message(std::string_view event, std::string_view payload) {
    std::string out;
    out.reserve(event.size() + payload.size() + 3);
    out.append(1, '{').append(event).append(1, ':').append(payload).append(1, '}');
    return out;
}

} // namespace webrocket
