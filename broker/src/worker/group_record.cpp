#include "worker/group_record.h"

#include <array>
#include <charconv>
#include <limits>

namespace webrocket {
namespace {

void append_number(std::string &out, std::int64_t number) {
    std::array<char, std::numeric_limits<std::int64_t>::digits10 + 2> buffer{};
    out.append(buffer.data(),
               std::to_chars(buffer.data(), buffer.data() + buffer.size(), number).ptr);
}

} // namespace

void append_group_fields(std::string &out, std::string_view epoch, const StreamDelivery &delivery) {
    out.append("id: ").append(epoch).push_back('-');
    append_number(out, static_cast<std::int64_t>(delivery.sequence));
    out.append("\ntag: ");
    append_number(out, static_cast<std::int64_t>(delivery.tag));
    if (delivery.attempt > 1) {
        out.append("\nattempt: ");
        append_number(out, delivery.attempt);
    }
    if (delivery.event && !delivery.event->ref().empty())
        out.append("\nref: ").append(delivery.event->ref());
    out.append("\ntime: ");
    append_number(out, delivery.event ? delivery.event->time_ms() : delivery.gap_time_ms);
    out.push_back('\n');
    if (!delivery.event)
        out.append("event: :gap\ndata: ").append(delivery.gap).append("\n\n");
}

} // namespace webrocket
