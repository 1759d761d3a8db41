#include "event_log/log_batch.h"

#include "event_log/log_bytes.h"

#include <algorithm>
#include <variant>

namespace webrocket {
namespace {

constexpr std::size_t kept_capacity = std::size_t{1} << 20; // a larger batch gives its memory back

template <typename... Ts>
struct Overloaded : Ts... {
    using Ts::operator()...;
};
template <typename... Ts>
Overloaded(Ts...) -> Overloaded<Ts...>;

} // namespace

void LogBatch::clear() {
    if (bytes_.capacity() > kept_capacity)
        std::string().swap(bytes_);
    bytes_.clear();
    records_.clear();
    sequences_ = 0;
}

template <typename Write>
void LogBatch::add_body(RecordKind kind, bool takes_sequence, bool shares_sequence,
                        const Write &write) {
    const std::size_t offset = bytes_.size();
    bytes_.resize(offset + record_head_size - 1); // the body begins with the kind
    write();
    const std::size_t size = bytes_.size() - offset;
    store_number(&bytes_[offset], static_cast<std::uint32_t>(size - (record_head_size - 1)));
    records_.push_back({offset, size, kind, takes_sequence, shares_sequence});
    if (takes_sequence)
        ++sequences_;
}

void LogBatch::add_event(const LogEvent &event) {
    const bool is_new = event.sequence == 0;
    for (std::size_t at = 0; at < event.groups.size(); at += groups_per_record) {
        const auto groups =
            event.groups.subspan(at, std::min(groups_per_record, event.groups.size() - at));
        add_body(RecordKind::event, is_new && at == 0, is_new && at != 0,
                 [&] { write_event(bytes_, event, groups); });
    }
}

void LogBatch::add(const LogEntry &entry) {
    std::visit(Overloaded{[&](const LogEvent &event) { add_event(event); },
                          [&](const LogGap &gap) {
                              add_body(RecordKind::gap, gap.sequence == 0, false,
                                       [&] { write_gap(bytes_, gap); });
                          },
                          [&](const LogSettled &settled) {
                              add_body(RecordKind::settled, false, false,
                                       [&] { write_settled(bytes_, settled); });
                          },
                          [&](const LogAttempts &attempts) {
                              add_body(RecordKind::attempts, false, false,
                                       [&] { write_attempts(bytes_, attempts); });
                          },
                          [&](const LogKey &key) { add_key(key); }},
               entry);
}

void LogBatch::add_removed_group(std::uint32_t group) {
    add_body(RecordKind::removed_group, false, false, [&] { write_removed_group(bytes_, group); });
}

void LogBatch::add_again(const RecordHead &head, std::span<const std::uint32_t> groups) {
    add_body(head.kind, false, false, [&] { write_again(bytes_, head, groups); });
}

void LogBatch::add_key(const LogKey &key) {
    add_body(RecordKind::key, false, false, [&] { write_key(bytes_, key); });
}

void LogBatch::add_record(std::string_view record) {
    const auto kind = static_cast<RecordKind>(record[record_head_size - 1]);
    records_.push_back({bytes_.size(), record.size(), kind, false, false});
    bytes_.append(record);
}

void LogBatch::seal(std::uint64_t file, std::uint64_t offset, std::uint64_t first) {
    std::uint64_t next = first;
    for (const Record &record : records_) {
        char *at = &bytes_[record.offset];
        if (record.takes_sequence)
            store_number(at + sequence_place, next++);
        else if (record.shares_sequence)
            store_number(at + sequence_place, next - 1);
        store_number(at + sizeof(std::uint32_t),
                     record_checksum(file, offset + record.offset, bytes_of(record)));
    }
}

} // namespace webrocket
