// Numbers and texts as the event log's files have them: little-endian, lengths in groups of 7 bits.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>
#include <type_traits>

namespace webrocket {

template <typename T>
T little_endian(T value) {
    static_assert(std::is_unsigned_v<T>);
    if constexpr (std::endian::native == std::endian::little) {
        return value;
    } else {
        T swapped = 0;
        for (std::size_t i = 0; i < sizeof(T); ++i)
            swapped |= ((value >> (8 * i)) & 0xff) << (8 * (sizeof(T) - 1 - i));
        return swapped;
    }
}

// Writes at a place that is there.
template <typename T>
void store_number(char *at, T value) {
    value = little_endian(value);
    std::memcpy(at, &value, sizeof value);
}

template <typename T>
T load_number(const char *at) {
    T value{};
    std::memcpy(&value, at, sizeof value);
    return little_endian(value);
}

// Adds to the end of a text.
class ByteWriter {
  public:
    explicit ByteWriter(std::string &out) : out_(out) {}

    template <typename T>
    void number(T value) {
        char bytes[sizeof(T)];
        store_number(bytes, value);
        out_.append(bytes, sizeof bytes);
    }
    void length(std::uint64_t value) {
        for (; value >= 0x80; value >>= 7)
            out_.push_back(static_cast<char>(value | 0x80));
        out_.push_back(static_cast<char>(value));
    }
    void bytes(std::string_view bytes) { out_.append(bytes); }
    void text(std::string_view text) {
        length(text.size());
        out_.append(text);
    }

  private:
    std::string &out_;
};

// Takes from the front. What is not there reads as nothing, and is_good() says so at the end.
class ByteReader {
  public:
    explicit ByteReader(std::string_view bytes) : left_(bytes) {}

    template <typename T>
    T number() {
        const std::string_view taken = bytes(sizeof(T));
        return taken.size() == sizeof(T) ? load_number<T>(taken.data()) : T{0};
    }
    std::uint64_t length() {
        std::uint64_t value = 0;
        for (unsigned shift = 0; shift < 64; shift += 7) {
            const auto byte = number<std::uint8_t>();
            value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
            if (byte < 0x80)
                return value;
        }
        is_good_ = false;
        return 0;
    }
    std::string_view bytes(std::uint64_t size) {
        if (size > left_.size()) {
            is_good_ = false;
            left_ = {};
            return {};
        }
        const std::string_view taken = left_.substr(0, static_cast<std::size_t>(size));
        left_.remove_prefix(taken.size());
        return taken;
    }
    std::string_view text() { return bytes(length()); }
    std::string_view rest() const { return left_; }
    bool is_good() const { return is_good_; }
    // Nothing was missing, and nothing is left.
    bool is_at_end() const { return is_good_ && left_.empty(); }

  private:
    std::string_view left_;
    bool is_good_ = true;
};

} // namespace webrocket
