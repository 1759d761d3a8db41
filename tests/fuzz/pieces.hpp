#pragma once

#include <cstddef>
#include <string_view>

/// A stream cut as the network may cut it: in pieces of up to 64 bytes, whose sizes come from the
/// bytes of a text, over and over; an empty one means that all comes at once.
class pieces {
  public:
    pieces(std::string_view stream, std::string_view sizes) : left_(stream), sizes_(sizes) {}

    bool done() const { return left_.empty(); }

    std::string_view next() {
        const std::size_t wanted =
            sizes_.empty() ? left_.size()
                           : 1U + static_cast<unsigned char>(sizes_[count_++ % sizes_.size()]) % 64;
        const std::string_view piece = left_.substr(0, wanted);
        left_.remove_prefix(piece.size());
        return piece;
    }

  private:
    std::string_view left_;
    std::string_view sizes_;
    std::size_t count_ = 0;
};
