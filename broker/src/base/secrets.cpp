#include "base/secrets.h"

#include "base/hex.h"

#include <algorithm>
#include <array>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdexcept>
#include <vector>

namespace webrocket {
namespace {

std::string to_hex(const unsigned char *bytes, std::size_t count) {
    std::string out;
    out.reserve(count * 2);
    for (std::size_t i = 0; i < count; ++i) {
        out.push_back(hex_digits[bytes[i] >> 4]);
        out.push_back(hex_digits[bytes[i] & 0x0f]);
    }
    return out;
}

bool is_base64_digit(char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '+' ||
           c == '/';
}

} // namespace

void fill_random(unsigned char *bytes, std::size_t count) {
    if (RAND_bytes(bytes, static_cast<int>(count)) != 1)
        throw std::runtime_error("no random numbers to be had");
}

std::string random_hex(std::size_t length) {
    std::vector<unsigned char> bytes((length + 1) / 2);
    fill_random(bytes.data(), bytes.size());
    return to_hex(bytes.data(), bytes.size()).substr(0, length);
}

Uuid random_uuid() {
    std::array<unsigned char, 16> bytes{};
    fill_random(bytes.data(), bytes.size());
    bytes[6] = static_cast<unsigned char>((bytes[6] & 0x0f) | 0x40);
    bytes[8] = static_cast<unsigned char>((bytes[8] & 0x3f) | 0x80);
    std::string text = to_hex(bytes.data(), bytes.size());
    for (const std::size_t at : {8U, 13U, 18U, 23U})
        text.insert(at, 1, '-');
    Uuid uuid{};
    text.copy(uuid.data(), uuid.size());
    return uuid;
}

bool has_form_of_cookie(std::string_view text) {
    return text.size() == cookie_length && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

bool equal_secrets(std::string_view a, std::string_view b) {
    return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::string websocket_accept_key(std::string_view client_key) {
    std::string text(client_key);
    text.append("258EAFA5-E914-47DA-95CA-C5AB0DC85B11");
    std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
    unsigned int length = 0;
    if (EVP_Digest(text.data(), text.size(), digest.data(), &length, EVP_sha1(), nullptr) != 1)
        throw std::runtime_error("SHA-1 is not available");
    std::array<unsigned char, 64> encoded{};
    const int written = EVP_EncodeBlock(encoded.data(), digest.data(), static_cast<int>(length));
    return {encoded.begin(), encoded.begin() + written};
}

std::optional<std::string> decode_base64(std::string_view text) {
    // OpenSSL overlooks strange characters at either end, and takes padding for zero bits.
    if (text.empty() || text.size() % 4 != 0 || text.size() > 4096)
        return std::nullopt;
    const auto digits = static_cast<std::size_t>(
        std::find_if_not(text.begin(), text.end(), is_base64_digit) - text.begin());
    const std::size_t padding = text.size() - digits;
    if (padding > 2 || text.substr(digits).find_first_not_of('=') != std::string_view::npos)
        return std::nullopt;
    std::string bytes(text.size() / 4 * 3, '\0');
    const int written = EVP_DecodeBlock(reinterpret_cast<unsigned char *>(bytes.data()),
                                        reinterpret_cast<const unsigned char *>(text.data()),
                                        static_cast<int>(text.size()));
    if (written != static_cast<int>(bytes.size()))
        return std::nullopt;
    bytes.resize(bytes.size() - padding);
    return bytes;
}

} // namespace webrocket
