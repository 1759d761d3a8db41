#include "storage_dir.h"

#include "private_file.h"
#include "secrets.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>

namespace webrocket {
namespace {

constexpr std::size_t cookie_length = 40;

bool is_cookie(const std::string &text) {
    return text.size() == cookie_length && std::all_of(text.begin(), text.end(), [](char c) {
               return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f');
           });
}

// Like `mkdir -p -m 700`: whoever owns the parents decides who may pass them.
std::error_code make_directory(const std::filesystem::path &directory) {
    std::error_code error;
    if (directory.has_parent_path())
        std::filesystem::create_directories(directory.parent_path(), error);
    if (error || ::mkdir(directory.c_str(), 0700) == 0)
        return error;
    const int failure = errno == EEXIST ? ENOTDIR : errno;
    // Another server may have been faster.
    if (!std::filesystem::is_directory(directory, error))
        error.assign(failure, std::generic_category());
    return error;
}

} // namespace

StorageDir::StorageDir(std::filesystem::path directory, std::string node_name)
    : directory_(std::move(directory)), node_name_(std::move(node_name)) {
    if (!directory_.has_filename()) // it ends with a slash
        directory_ = directory_.parent_path();
    std::error_code error;
    if (std::filesystem::is_directory(directory_, error))
        return;
    error = make_directory(directory_);
    if (error)
        throw std::runtime_error("cannot create the storage directory " + directory_.string() +
                                 ": " + error.message());
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
        std::string text = read_private_file(file);
        while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
            text.pop_back();
        // Overwriting it would lock out everyone who knows the old one without a word.
        if (!is_cookie(text))
            throw std::runtime_error(file.string() + " does not hold a cookie; remove it to have " +
                                     "a new one made");
        return text;
    }
    std::string cookie = random_hex(cookie_length);
    write_private_file(file, cookie);
    return cookie;
}

} // namespace webrocket
