// Files of an event log in memory: they can fail, be damaged, and be what a killed process or a
// power cut leaves of them.
#pragma once

#include "event_log/log_files.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <string>
#include <vector>

namespace webrocket::test {

class MemoryLogFiles : public LogFiles {
  public:
    struct Content {
        std::string bytes;
        std::string synced;
    };
    using Names = std::map<std::string, std::shared_ptr<Content>>;

    // Error numbers of what is asked from now on; 0: it works.
    std::atomic<int> create_error{0};
    std::atomic<int> write_error{0};
    std::atomic<int> sync_error{0};
    std::atomic<int> directory_error{0};
    std::atomic<std::size_t> writes_before_error{0};
    std::atomic<std::size_t> write_max{~std::size_t{0}}; // bytes taken at a time
    std::atomic<std::int64_t> free{std::int64_t{1} << 40};
    std::atomic<std::size_t> syncs{0};
    std::atomic<std::size_t> writes{0};
    std::function<void()> before_sync; // set it before the log begins
    std::string boot = "boot 1";

    // What a process that is killed now leaves.
    std::unique_ptr<MemoryLogFiles> after_kill() const {
        auto files = std::make_unique<MemoryLogFiles>();
        const std::lock_guard lock(mutex_);
        for (const auto &[name, content] : names_)
            files->put(name, content->bytes);
        files->boot = boot;
        return files;
    }
    // What is left when the power is cut now: only what was synced.
    std::unique_ptr<MemoryLogFiles> after_power_cut() const {
        auto files = std::make_unique<MemoryLogFiles>();
        const std::lock_guard lock(mutex_);
        for (const auto &[name, content] : durable_names_)
            files->put(name, content->synced);
        files->boot = boot + " and again";
        return files;
    }
    void put(const std::string &name, std::string bytes) {
        const std::lock_guard lock(mutex_);
        names_[name] = std::make_shared<Content>(Content{bytes, bytes});
        durable_names_[name] = names_[name];
    }
    std::string get(const std::string &name) const {
        const std::lock_guard lock(mutex_);
        const auto found = names_.find(name);
        return found == names_.end() ? std::string() : found->second->bytes;
    }
    std::vector<std::string> segments() const {
        std::vector<std::string> found;
        const std::lock_guard lock(mutex_);
        for (const auto &[name, content] : names_)
            if (name.ends_with(".seg"))
                found.push_back(name);
        return found;
    }

    int make_directory(const std::filesystem::path &) override { return 0; }
    std::vector<std::string> names(const std::filesystem::path &) override {
        std::vector<std::string> found;
        const std::lock_guard lock(mutex_);
        for (const auto &[name, content] : names_)
            found.push_back(name);
        return found;
    }
    int create(const std::filesystem::path &file) override {
        const std::lock_guard lock(mutex_);
        if (create_error != 0)
            return fail(create_error);
        const std::string name = file.filename().string();
        if (names_.contains(name))
            return fail(EEXIST);
        return add(names_[name] = std::make_shared<Content>());
    }
    int open(const std::filesystem::path &file) override {
        const std::lock_guard lock(mutex_);
        const auto found = names_.find(file.filename().string());
        return found == names_.end() ? fail(ENOENT) : add(found->second);
    }
    void close(int descriptor) override {
        const std::lock_guard lock(mutex_);
        open_.erase(descriptor);
    }
    ssize_t write(int descriptor, const void *bytes, std::size_t size,
                  std::uint64_t offset) override {
        const std::lock_guard lock(mutex_);
        ++writes;
        if (write_error != 0 && writes_before_error-- == 0) {
            writes_before_error = 0;
            return fail(write_error);
        }
        size = std::min<std::size_t>(size, write_max);
        std::string &content = open_.at(descriptor)->bytes;
        if (content.size() < offset + size)
            content.resize(offset + size);
        std::memcpy(&content[offset], bytes, size);
        return static_cast<ssize_t>(size);
    }
    ssize_t read(int descriptor, void *bytes, std::size_t size, std::uint64_t offset) override {
        const std::lock_guard lock(mutex_);
        const std::string &content = open_.at(descriptor)->bytes;
        if (offset >= content.size())
            return 0;
        size = std::min<std::size_t>(size, content.size() - offset);
        std::memcpy(bytes, &content[offset], size);
        return static_cast<ssize_t>(size);
    }
    int allocate(int descriptor, std::uint64_t size) override {
        const std::lock_guard lock(mutex_);
        std::string &content = open_.at(descriptor)->bytes;
        content.resize(std::max<std::size_t>(content.size(), size));
        return 0;
    }
    int truncate(int descriptor, std::uint64_t size) override {
        const std::lock_guard lock(mutex_);
        open_.at(descriptor)->bytes.resize(size);
        return 0;
    }
    int sync(int descriptor) override {
        if (before_sync)
            before_sync();
        const std::lock_guard lock(mutex_);
        if (sync_error != 0)
            return fail(sync_error);
        ++syncs;
        Content &content = *open_.at(descriptor);
        content.synced = content.bytes;
        return 0;
    }
    int sync_directory(const std::filesystem::path &) override {
        const std::lock_guard lock(mutex_);
        if (directory_error != 0)
            return fail(directory_error);
        durable_names_ = names_;
        return 0;
    }
    int rename(const std::filesystem::path &from, const std::filesystem::path &to) override {
        const std::lock_guard lock(mutex_);
        const auto found = names_.find(from.filename().string());
        if (found == names_.end())
            return fail(ENOENT);
        auto content = found->second;
        names_.erase(found);
        names_[to.filename().string()] = std::move(content);
        return 0;
    }
    int remove(const std::filesystem::path &file) override {
        const std::lock_guard lock(mutex_);
        return names_.erase(file.filename().string()) == 1 ? 0 : fail(ENOENT);
    }
    std::int64_t size(int descriptor) override {
        const std::lock_guard lock(mutex_);
        return static_cast<std::int64_t>(open_.at(descriptor)->bytes.size());
    }
    std::int64_t free_bytes(const std::filesystem::path &) override { return free; }
    std::string boot_id() override { return boot; }

  private:
    static int fail(int error) {
        errno = error;
        return -1;
    }
    int add(std::shared_ptr<Content> content) {
        open_[++last_descriptor_] = std::move(content);
        return last_descriptor_;
    }

    mutable std::mutex mutex_;
    Names names_;
    Names durable_names_;
    std::map<int, std::shared_ptr<Content>> open_;
    int last_descriptor_ = 0;
};

} // namespace webrocket::test
