#pragma once

#include <string>
#include <string_view>

#include "utf8.hpp"

namespace kn::event_stream {

/// The value of a field, decoded. As long as it stands in the input as it is, it is only pointed
/// at; settle() has to be called before the input goes away.
class field {
  public:
    std::string_view view() const noexcept { return view_; }
    std::size_t size() const noexcept { return view_.size(); }

    void assign(std::string_view bytes) {
        is_borrowed_ = is_utf8(bytes);
        if (is_borrowed_) {
            view_ = bytes;
            return;
        }
        buffer_.clear();
        append_decoded(buffer_, bytes);
        view_ = buffer_;
    }

    void append_line(std::string_view bytes) {
        settle();
        buffer_ += '\n';
        append_decoded(buffer_, bytes);
        view_ = buffer_;
    }

    void settle() {
        if (!is_borrowed_)
            return;
        buffer_.assign(view_);
        view_ = buffer_;
        is_borrowed_ = false;
    }

    void clear() {
        is_borrowed_ = false;
        view_ = {};
        buffer_.clear();
        // What one large event has blown up is given back after it.
        if (buffer_.capacity() > kept_capacity)
            buffer_.shrink_to_fit();
    }

    static constexpr std::size_t kept_capacity = 64 * 1024;

  private:
    std::string buffer_;
    std::string_view view_;
    bool is_borrowed_ = false;
};

} // namespace kn::event_stream
