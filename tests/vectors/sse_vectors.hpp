// The streams of sse.json with what has to come out of them.
#pragma once

#include <cctype>
#include <cstdint>
#include <optional>
#include <ostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>
#include <jansson.h>

namespace sse {

struct event {
    std::string type;
    std::string data;
    std::string id;
    bool operator==(const event &) const = default;
};

inline void PrintTo(const event &e, std::ostream *out) {
    *out << "{type " << e.type << ", id " << e.id << ", data " << e.data.substr(0, 80) << "}";
}

struct vector {
    std::string name;
    std::vector<std::string> chunks;
    std::vector<event> expected;
    std::optional<std::uint64_t> retry;
    std::string last_event_id;

    std::string whole() const {
        std::string all;
        for (const std::string &chunk : chunks)
            all += chunk;
        return all;
    }
};

inline void PrintTo(const vector &v, std::ostream *out) { *out << v.name; }

/// The vector's name, as one that a test may have.
inline std::string name_of(const testing::TestParamInfo<vector> &generated) {
    std::string name = generated.param.name;
    for (char &c : name)
        if (std::isalnum(static_cast<unsigned char>(c)) == 0)
            c = '_';
    return name;
}

inline std::string from_base64(std::string_view text) {
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

inline std::string text(const json_t *object, const char *key) {
    const json_t *value = json_object_get(object, key);
    return {json_string_value(value), json_string_length(value)};
}

/// @p path is where sse.json is.
inline std::vector<vector> load_vectors(const char *path) {
    json_error_t error;
    json_t *root = json_load_file(path, JSON_ALLOW_NUL, &error);
    if (root == nullptr)
        throw std::runtime_error(std::string(path) + ": " + error.text);
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

} // namespace sse
