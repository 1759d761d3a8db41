#include "event_log/record_reader.h"

#include <string>

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

} // namespace

void read_records(std::span<const RecordPlace> places,
                  const std::function<void(std::size_t index, std::string_view record)> &found) {
    std::string bytes;
    for (std::size_t at = 0; at < places.size();) {
        const RecordPlace &first = places[at];
        if (first.size == 0) {
            ++at;
            continue;
        }
        const std::size_t count = count_neighbours(places.subspan(at));
        const std::uint64_t size = end_of(places[at + count - 1]) - first.offset;
        if (!first.file->read(bytes, static_cast<std::size_t>(size), first.offset))
            bytes.clear();
        for (std::size_t i = at; i < at + count; ++i) {
            const std::size_t begin = places[i].offset - first.offset;
            if (begin >= bytes.size())
                break;
            const std::string_view record = std::string_view(bytes).substr(begin, places[i].size);
            if (record_size(record, places[i].number, places[i].offset) == places[i].size)
                found(i, record);
        }
        at += count;
    }
}

} // namespace webrocket
