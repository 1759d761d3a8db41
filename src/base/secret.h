#pragma once

#include <cstring>
#include <string_view>
#include <vector>

namespace kn {

/// Text that must not outlive its use in memory: wiped when it goes, never copied by chance.
class Secret {
  public:
    Secret() = default;
    explicit Secret(std::string_view text) : bytes_(text.begin(), text.end()) {}
    Secret(Secret &&) noexcept = default;
    Secret &operator=(Secret &&other) noexcept {
        bytes_.swap(other.bytes_);
        return *this;
    }
    Secret(const Secret &) = delete;
    Secret &operator=(const Secret &) = delete;
    ~Secret() {
        if (!bytes_.empty())
            explicit_bzero(bytes_.data(), bytes_.size());
    }

    std::string_view view() const noexcept { return {bytes_.data(), bytes_.size()}; }
    bool empty() const noexcept { return bytes_.empty(); }

    /// Leaves room first: growing would leave copies behind.
    void reserve(std::size_t size) { bytes_.reserve(size); }
    void append(std::string_view text) { bytes_.insert(bytes_.end(), text.begin(), text.end()); }
    void append(char c) { bytes_.push_back(c); }

  private:
    std::vector<char> bytes_;
};

} // namespace kn
