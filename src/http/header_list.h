#pragma once

#include <deque>
#include <string>
#include <string_view>

#include <curl/curl.h>

namespace kn {

/// The headers of a request in libcurl's form. The list is linked by hand over text that somebody
/// else owns: curl_slist_append() would copy the credentials to where they are not wiped.
class HeaderList {
  public:
    /// @p line is borrowed and NUL-terminated.
    void add_borrowed(std::string_view line) {
        nodes_.push_back({const_cast<char *>(line.data()), nullptr}); // NOLINT: libcurl only reads
        if (nodes_.size() > 1)
            nodes_[nodes_.size() - 2].next = &nodes_.back();
    }
    void add(std::string line) {
        lines_.push_back(std::move(line));
        add_borrowed(lines_.back());
    }
    void clear() noexcept {
        nodes_.clear();
        lines_.clear();
    }
    curl_slist *get() noexcept { return nodes_.empty() ? nullptr : &nodes_.front(); }

  private:
    // Deques, since nodes point at nodes and at lines.
    std::deque<std::string> lines_;
    std::deque<curl_slist> nodes_;
};

} // namespace kn
