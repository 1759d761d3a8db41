#include "store/storage_dir.h"

#include "base/private_file.h"
#include "base/secrets.h"

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

// As far as it has to be made: whether it could be.
void require_that_it_can_be_made(std::filesystem::path directory) {
    try {
        while (!std::filesystem::exists(directory) && directory.has_parent_path() &&
               directory != directory.parent_path())
            directory = directory.parent_path();
        require_usable_directory(std::filesystem::exists(directory) ? directory : ".");
    } catch (const std::runtime_error &error) {
        throw std::runtime_error(std::string("cannot create the storage directory: ") +
                                 error.what());
    }
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

// A link that leads nowhere is no reason to make a file.
bool is_there(const std::filesystem::path &file) {
    return std::filesystem::exists(std::filesystem::symlink_status(file));
}

std::string secret_of(std::string text, const std::filesystem::path &file) {
    while (!text.empty() && (text.back() == '\n' || text.back() == '\r'))
        text.pop_back();
    // Overwriting it would lock out everyone who knows the old one without a word.
    if (!has_form_of_cookie(text))
        throw std::runtime_error(file.string() + " does not hold a cookie; remove it to have " +
                                 "a new one made");
    return text;
}

} // namespace

bool is_valid_node_name(std::string_view name) {
    constexpr std::string_view first =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-";
    return name.size() >= 2 && name.size() <= 200 && name.find_first_of(first) == 0 &&
           name.find_first_of(std::string_view("/\n\0", 3)) == std::string_view::npos;
}

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

StorageDir::StorageDir(std::filesystem::path directory, std::string node_name, Use use)
    : directory_(std::move(directory)), node_name_(std::move(node_name)) {
    if (!directory_.has_filename()) // it ends with a slash
        directory_ = directory_.parent_path();
    std::error_code error;
    if (!std::filesystem::is_directory(directory_, error)) {
        if (use == Use::look) {
            require_that_it_can_be_made(directory_);
            return;
        }
        error = make_directory(directory_);
    }
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

std::filesystem::path StorageDir::events_directory() const {
    return directory_ / (node_name_ + ".events");
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

void StorageDir::look_at_directory() const {
    if (std::filesystem::exists(directory_))
        require_usable_directory(directory_);
}

void StorageDir::look_at_database() const { require_usable_file(database_file()); }

void StorageDir::look_at_events() const {
    if (is_there(events_directory()))
        require_usable_directory(events_directory());
}

void StorageDir::look_at_secret(const std::filesystem::path &file) {
    if (is_there(file))
        secret_of(look_into_private_file(file), file);
}

std::string StorageDir::secret_in(const std::filesystem::path &file, mode_t mode) {
    if (is_there(file))
        return secret_of(read_private_file(file), file);
    std::string secret = random_hex(cookie_length);
    write_private_file(file, secret, mode);
    return secret;
}

} // namespace webrocket
