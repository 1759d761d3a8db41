#include "storage_dir.h"

#include "secrets.h"

#include <algorithm>
#include <cerrno>
#include <fcntl.h>
#include <fstream>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace webrocket {
namespace {

constexpr std::size_t cookie_length = 40;

bool is_cookie(const std::string &text) {
    return text.size() == cookie_length && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

[[noreturn]] void fail(const std::string &what, const std::filesystem::path &file, int error) {
    throw std::runtime_error(what + " " + file.string() + ": " +
                             std::generic_category().message(error));
}

void write_all(int descriptor, const std::string &content, const std::filesystem::path &file) {
    std::size_t done = 0;
    while (done < content.size()) {
        const ssize_t count = ::write(descriptor, content.data() + done, content.size() - done);
        if (count < 0 && errno != EINTR)
            fail("cannot write", file, errno);
        if (count > 0)
            done += static_cast<std::size_t>(count);
    }
    if (::fsync(descriptor) != 0)
        fail("cannot write", file, errno);
}

} // namespace

StorageDir::StorageDir(std::filesystem::path directory, std::string node_name)
    : directory_(std::move(directory)), node_name_(std::move(node_name)) {
    std::error_code error;
    std::filesystem::create_directories(directory_, error);
    if (error)
        throw std::runtime_error("cannot create " + directory_.string() + ": " + error.message());
}

std::filesystem::path StorageDir::database_file() const {
    return directory_ / (node_name_ + ".db");
}

std::filesystem::path StorageDir::cookie_file() const {
    return directory_ / (node_name_ + ".cookie");
}

std::string StorageDir::cookie() const {
    const auto file = cookie_file();
    if (std::filesystem::exists(file)) {
        std::ifstream in(file, std::ios::binary);
        std::string text((std::istreambuf_iterator<char>(in)), std::istreambuf_iterator<char>());
        if (!in.good() && !in.eof())
            throw std::runtime_error("cannot read " + file.string());
        while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
            text.pop_back();
        // Overwriting it would lock out everyone who knows the old one without a word.
        if (!is_cookie(text))
            throw std::runtime_error(file.string() + " does not hold a cookie; remove it to have " +
                                     "a new one made");
        return text;
    }
    std::string cookie = random_hex(cookie_length);
    write_file_atomically(file, cookie);
    return cookie;
}

void write_file_atomically(const std::filesystem::path &file, const std::string &content) {
    std::filesystem::path temporary = file;
    temporary += ".new";
    ::unlink(temporary.c_str());
    const int descriptor = ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (descriptor < 0)
        fail("cannot create", temporary, errno);
    try {
        write_all(descriptor, content, temporary);
    } catch (...) {
        ::close(descriptor);
        ::unlink(temporary.c_str());
        throw;
    }
    ::close(descriptor);
    if (::rename(temporary.c_str(), file.c_str()) != 0)
        fail("cannot write", file, errno);
}

} // namespace webrocket
