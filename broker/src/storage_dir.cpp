#include "storage_dir.h"

#include "names.h"
#include "private_file.h"
#include "secrets.h"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <fmt/ranges.h>
#include <spdlog/spdlog.h>
#include <stdexcept>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>
#include <vector>

namespace webrocket {
namespace {

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

// Whoever may put files there may have others read, or take the broker's own away.
void require_that_others_cannot_change(const std::filesystem::path &directory) {
    struct stat status {};
    if (::stat(directory.c_str(), &status) != 0)
        throw std::runtime_error(fmt::format("cannot use the storage directory {}: {}",
                                             directory.string(),
                                             std::generic_category().message(errno)));
    if (status.st_uid != 0 && status.st_uid != ::geteuid())
        throw std::runtime_error(fmt::format(
            "cannot use the storage directory {}: it belongs to user {}, who is neither root nor "
            "user {}, as whom the server runs; give it to that user with: chown {} {}",
            directory.string(), status.st_uid, ::geteuid(), ::geteuid(), directory.string()));
    if ((status.st_mode & (S_IWGRP | S_IWOTH)) != 0)
        throw std::runtime_error(fmt::format(
            "cannot use the storage directory {}: other users may write to it (mode {:04o}); close "
            "it to them with: chmod go-w {}",
            directory.string(), status.st_mode & 07777, directory.string()));
}

// Sorted. A directory that may be entered and not listed has none that can be found.
std::vector<std::string> nodes_in(const std::filesystem::path &directory) {
    std::vector<std::string> names;
    std::error_code error;
    for (std::filesystem::directory_iterator entry(directory, error), end; !error && entry != end;
         entry.increment(error)) {
        std::string name = entry->path().stem().string();
        if (entry->path().extension() == ".db" && is_valid_node_name(name))
            names.push_back(std::move(name));
    }
    std::sort(names.begin(), names.end());
    return names;
}

} // namespace

std::string find_node(const std::filesystem::path &directory) {
    const auto names = nodes_in(directory);
    if (names.empty() || std::find(names.begin(), names.end(), default_node_name) != names.end())
        return default_node_name;
    if (names.size() == 1)
        return names.front();
    throw std::runtime_error(fmt::format("{} holds the storage of several nodes and none of {}: "
                                         "say which one is meant with the node's name ({})",
                                         directory.string(), default_node_name,
                                         fmt::join(names, ", ")));
}

StorageDir::StorageDir(std::filesystem::path directory, std::string node_name)
    : directory_(std::move(directory)), node_name_(std::move(node_name)) {
    if (!directory_.has_filename()) // it ends with a slash
        directory_ = directory_.parent_path();
    std::error_code error;
    if (!std::filesystem::is_directory(directory_, error))
        error = make_directory(directory_);
    if (error)
        throw std::runtime_error("cannot create the storage directory " + directory_.string() +
                                 ": " + error.message());
    require_that_others_cannot_change(directory_);
    if (!node_name_.empty())
        return;
    node_name_ = find_node(directory_);
    if (node_name_ != default_node_name)
        spdlog::info("no --node-name: {} is the only storage in {} and is used", node_name_,
                     directory_.string());
}

std::filesystem::path StorageDir::database_file() const {
    return directory_ / (node_name_ + ".db");
}

std::filesystem::path StorageDir::cookie_file() const {
    return directory_ / (node_name_ + ".cookie");
}

std::filesystem::path StorageDir::socket_file() const {
    return directory_ / (node_name_ + ".sock");
}

std::filesystem::path StorageDir::reader_file() const {
    return directory_ / (node_name_ + ".reader");
}

std::string StorageDir::cookie() const { return secret_in(cookie_file(), owner_only); }

std::string StorageDir::reader() const { return secret_in(reader_file(), owner_and_group); }

std::string StorageDir::secret_in(const std::filesystem::path &file, mode_t mode) {
    // A link that leads nowhere is no reason to make one.
    if (std::filesystem::exists(std::filesystem::symlink_status(file))) {
        std::string text = read_private_file(file);
        while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
            text.pop_back();
        // Overwriting it would lock out everyone who knows the old one without a word.
        if (!has_form_of_cookie(text))
            throw std::runtime_error(file.string() + " does not hold a cookie; remove it to have " +
                                     "a new one made");
        return text;
    }
    std::string secret = random_hex(cookie_length);
    write_private_file(file, secret, mode);
    return secret;
}

} // namespace webrocket
