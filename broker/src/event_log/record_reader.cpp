#include "event_log/record_reader.h"

#include <memory>
#include <string_view>

namespace webrocket {
namespace {

constexpr std::uint64_t read_max = std::uint64_t{1} << 20;
// What lies between two may be read along with them.
constexpr std::uint64_t distance_max = std::uint64_t{16} << 10;

std::uint64_t end_of(const RecordPlace &place) { return std::uint64_t{place.offset} + place.size; }

// How many of them, from the first on, one read is for.
std::size_t count_neighbours(std::span<const RecordPlace> places) {
    const RecordPlace &first = places.front();
    std::size_t count = 1;
    for (; count < places.size(); ++count) {
        const RecordPlace &before = places[count - 1];
        const RecordPlace &next = places[count];
        const bool is_near =
            next.size != 0 && next.file == first.file && next.offset >= end_of(before) &&
            next.offset - end_of(before) <= distance_max && end_of(next) - first.offset <= read_max;
        if (!is_near)
            break;
    }
    return count;
}

// Most reads are small and many: the memory is made once, and not filled before.
class ReadBuffer {
  public:
    // Nothing, where it cannot be read.
    std::string_view read(LogFile &file, std::uint64_t size, std::uint64_t offset) {
        const auto wanted = static_cast<std::size_t>(size);
        if (wanted > size_) {
            bytes_ = std::make_unique_for_overwrite<char[]>(wanted);
            size_ = wanted;
        }
        return {bytes_.get(), file.read(bytes_.get(), wanted, offset).value_or(0)};
    }
    void give_back_what_is_large() {
        if (size_ > read_max)
            *this = ReadBuffer();
    }

  private:
    std::unique_ptr<char[]> bytes_;
    std::size_t size_ = 0;
};

ReadBuffer &buffer_of_thread() {
    thread_local ReadBuffer buffer;
    return buffer;
}

} // namespace

void read_records(std::span<const RecordPlace> places,
                  const std::function<void(std::size_t index, std::string_view record)> &found) {
    ReadBuffer &buffer = buffer_of_thread();
    for (std::size_t at = 0; at < places.size();) {
        const RecordPlace &first = places[at];
        if (first.size == 0) {
            ++at;
            continue;
        }
        const std::size_t count = count_neighbours(places.subspan(at));
        const std::uint64_t size = end_of(places[at + count - 1]) - first.offset;
        const std::string_view bytes = buffer.read(*first.file, size, first.offset);
        for (std::size_t i = at; i < at + count; ++i) {
            const std::size_t begin = places[i].offset - first.offset;
            if (begin >= bytes.size())
                break;
            const std::string_view record = bytes.substr(begin, places[i].size);
            if (record_size(record, places[i].number, places[i].offset) == places[i].size)
                found(i, record);
        }
        at += count;
    }
    buffer.give_back_what_is_large();
}

} // namespace webrocket
