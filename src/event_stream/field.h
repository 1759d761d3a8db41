#pragma once

#include <string>
#include <string_view>

#include "base/utf8.h"

namespace kn::event_stream {

/// The value of a field, decoded. As long as it stands in the input as it is, it is only pointed
/// at; settle() has to be called before the input goes away.
class Field {
  public:
    std::string_view view() const noexcept { return view_; }
    std::size_t size() const noexcept { return view_.size(); }

    bool holds_nul() const noexcept {
        return !is_plain_ && view_.find('\0') != std::string_view::npos;
    }

    /// @p is_plain: known to be ASCII without control characters.
    void assign(std::string_view bytes, bool is_plain) {
        is_plain_ = is_plain;
        is_borrowed_ = is_plain || is_utf8(bytes);
        if (is_borrowed_) {
            give_back_buffer();
            view_ = bytes;
            return;
        }
        buffer_.clear();
        append_decoded(buffer_, bytes);
        view_ = buffer_;
    }

    void append_line(std::string_view bytes) {
        settle();
        is_plain_ = false;
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
        give_back_buffer();
    }

    static constexpr std::size_t kept_capacity = std::size_t{64} << 10;

  private:
    void give_back_buffer() {
        if (buffer_.empty())
            return;
        buffer_.clear();
        // What one large event has blown up is given back after it.
        if (buffer_.capacity() > kept_capacity)
            buffer_.shrink_to_fit();
    }

    std::string buffer_;
    std::string_view view_;
    bool is_borrowed_ = false;
    bool is_plain_ = false;
};

} // namespace kn::event_stream
