// A hash table from numbers to small numbers, without an allocation for each.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace webrocket::group_state {

// Keys are not 0. Whoever lets strangers choose them hashes them with a secret first.
class FlatMap {
  public:
    static constexpr std::uint32_t none = UINT32_MAX;

    // `none` if it is not there.
    std::uint32_t find(std::uint64_t key) const {
        if (size_ == 0 || key == 0)
            return none;
        for (std::size_t at = place_of(key);; at = next(at)) {
            if (cells_[at].key == key)
                return cells_[at].value;
            if (cells_[at].key == 0)
                return none;
        }
    }

    // It is not there yet.
    void insert(std::uint64_t key, std::uint32_t value) {
        if ((size_ + 1) * 2 > cells_.size())
            resize(cells_.empty() ? 16 : cells_.size() * 2);
        put(key, value);
        ++size_;
    }

    void erase(std::uint64_t key) {
        std::size_t at = place_of(key);
        while (cells_[at].key != key)
            at = next(at);
        close_hole(at);
        --size_;
        if (cells_.size() > 1024 && size_ * 16 < cells_.size())
            resize(cells_.size() / 4);
    }

    std::size_t size() const { return size_; }
    void clear() {
        cells_.clear();
        size_ = 0;
    }

  private:
    struct Cell {
        std::uint64_t key = 0;
        std::uint32_t value = none;
    };

    std::size_t next(std::size_t at) const { return (at + 1) & (cells_.size() - 1); }
    std::size_t place_of(std::uint64_t key) const {
        std::uint64_t mixed = key * 0x9E3779B97F4A7C15U;
        mixed ^= mixed >> 32;
        return static_cast<std::size_t>(mixed) & (cells_.size() - 1);
    }
    void put(std::uint64_t key, std::uint32_t value) {
        std::size_t at = place_of(key);
        while (cells_[at].key != 0)
            at = next(at);
        cells_[at] = {key, value};
    }
    // Those behind it that would not be found any more move up.
    void close_hole(std::size_t hole) {
        for (std::size_t at = next(hole); cells_[at].key != 0; at = next(at)) {
            const std::size_t wanted = place_of(cells_[at].key);
            const std::size_t mask = cells_.size() - 1;
            if (((at - wanted) & mask) >= ((at - hole) & mask)) {
                cells_[hole] = cells_[at];
                hole = at;
            }
        }
        cells_[hole] = {};
    }
    void resize(std::size_t size) {
        std::vector<Cell> old(size);
        old.swap(cells_);
        for (const Cell &cell : old)
            if (cell.key != 0)
                put(cell.key, cell.value);
    }

    std::vector<Cell> cells_; // a power of two
    std::size_t size_ = 0;
};

} // namespace webrocket::group_state
