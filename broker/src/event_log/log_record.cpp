#include "event_log/log_record.h"

#include "event_log/crc32c.h"
#include "event_log/log_bytes.h"

#include <cstring>

namespace webrocket {
namespace {

constexpr std::uint8_t again_bit = 0x80;

// What an event has besides its texts.
constexpr std::uint8_t uid_bit = 1;
constexpr std::uint8_t key_bit = 2;
constexpr std::uint8_t reference_bit = 4;

void write_kind(ByteWriter &writer, RecordKind kind, bool is_again = false) {
    writer.number(static_cast<std::uint8_t>(static_cast<std::uint8_t>(kind) |
                                            (is_again ? again_bit : std::uint8_t{0})));
}

void write_groups(ByteWriter &writer, std::uint64_t sequence,
                  std::span<const std::uint32_t> groups) {
    writer.number(sequence);
    writer.number(static_cast<std::uint8_t>(groups.size()));
    for (const std::uint32_t group : groups)
        writer.number(group);
}

bool read_groups(ByteReader &reader, RecordHead &head) {
    head.sequence = reader.number<std::uint64_t>();
    head.group_count = reader.number<std::uint8_t>();
    if (head.sequence == 0 || head.group_count == 0 || head.group_count > groups_per_record)
        return false;
    for (std::size_t i = 0; i < head.group_count; ++i)
        head.group_numbers[i] = reader.number<std::uint32_t>();
    head.rest = reader.rest();
    return reader.is_good();
}

void write_runs(ByteWriter &writer, std::span<const LogRun> runs) {
    writer.length(runs.size());
    for (const LogRun &run : runs) {
        writer.length(run.first);
        writer.length(run.last - run.first);
    }
}

void read_runs(ByteReader &reader, std::vector<LogRun> &runs) {
    runs.clear();
    for (std::uint64_t count = reader.length(); count > 0 && reader.is_good(); --count) {
        const std::uint64_t first = reader.length();
        runs.push_back({first, first + reader.length()});
    }
}

void write_key_body(ByteWriter &writer, const LogKey &key) {
    const auto hash = [&](const LogKey::Hash &bytes) {
        writer.bytes({reinterpret_cast<const char *>(bytes.data()), bytes.size()});
    };
    hash(key.key);
    hash(key.body);
    writer.number(static_cast<std::uint64_t>(key.time_ms));
    writer.number(key.status);
    writer.text(key.answer);
}

void read_key_body(ByteReader &reader, LogKey &key) {
    const auto hash = [&](LogKey::Hash &bytes) {
        const std::string_view read = reader.bytes(bytes.size());
        if (read.size() == bytes.size())
            std::memcpy(bytes.data(), read.data(), read.size());
    };
    hash(key.key);
    hash(key.body);
    key.time_ms = static_cast<std::int64_t>(reader.number<std::uint64_t>());
    key.status = reader.number<std::uint16_t>();
    key.answer = reader.text();
}

bool has_mark(const RecordHead &event, std::uint8_t mark) {
    return (ByteReader(event.rest).number<std::uint8_t>() & mark) != 0;
}

} // namespace

bool has_reference(const RecordHead &event) { return has_mark(event, reference_bit); }
bool has_key(const RecordHead &event) { return has_mark(event, key_bit); }

std::uint32_t record_checksum(std::uint64_t file, std::uint64_t offset, std::string_view record) {
    // The size stands in front of the checksum, and counts with the place.
    char seed[3 * sizeof(std::uint64_t)] = {};
    store_number(seed, file);
    store_number(seed + sizeof file, offset);
    std::memcpy(seed + 2 * sizeof file, record.data(), sizeof(std::uint32_t));
    return crc32c(record.substr(record_head_size - 1), crc32c({seed, sizeof seed}));
}

std::size_t record_size(std::string_view bytes, std::uint64_t file, std::uint64_t offset) {
    if (bytes.size() < record_head_size)
        return 0;
    const std::size_t size = std::size_t{load_number<std::uint32_t>(bytes.data())} + 8;
    if (size < record_head_size || size > bytes.size())
        return 0;
    const auto checksum = load_number<std::uint32_t>(bytes.data() + sizeof(std::uint32_t));
    return checksum == record_checksum(file, offset, bytes.substr(0, size)) ? size : 0;
}

std::optional<RecordHead> read_head(std::string_view record) {
    std::optional<RecordHead> made(std::in_place); // made where it is returned
    RecordHead &head = *made;
    ByteReader reader(record.substr(record_head_size - 1));
    const auto kind = reader.number<std::uint8_t>();
    head.is_again = (kind & again_bit) != 0;
    head.kind = static_cast<RecordKind>(kind & ~again_bit);
    head.rest = reader.rest();
    bool is_good = false;
    switch (head.kind) {
    case RecordKind::event:
    case RecordKind::gap:
        is_good = read_groups(reader, head);
        break;
    case RecordKind::settled:
    case RecordKind::attempts:
    case RecordKind::key:
    case RecordKind::removed_group:
        is_good = true;
        break;
    }
    if (!is_good)
        made.reset();
    return made;
}

bool read_event(const RecordHead &head, LogEvent &event) {
    ByteReader reader(head.rest);
    event.sequence = head.sequence;
    event.groups = head.groups();
    const auto marks = reader.number<std::uint8_t>();
    event.time_ms = static_cast<std::int64_t>(reader.number<std::uint64_t>());
    event.topic = reader.text();
    event.sid = reader.text();
    event.uid.reset();
    if ((marks & uid_bit) != 0)
        event.uid = reader.text();
    event.channel = reader.text();
    event.address = reader.text();
    event.ref = reader.text();
    event.key.reset();
    if ((marks & key_bit) != 0)
        read_key_body(reader, event.key.emplace());
    event.record = reader.text();
    return reader.is_at_end();
}

bool read_gap(const RecordHead &head, LogGap &gap) {
    ByteReader reader(head.rest);
    gap.sequence = head.sequence;
    gap.group = head.group_numbers[0];
    gap.from = reader.number<std::uint64_t>();
    gap.to = reader.number<std::uint64_t>();
    const bool is_known = reader.number<std::uint8_t>() != 0;
    const auto count = reader.number<std::uint64_t>();
    gap.count = is_known ? std::optional(count) : std::nullopt;
    gap.reason = reader.number<std::uint8_t>();
    gap.time_ms = static_cast<std::int64_t>(reader.number<std::uint64_t>());
    return reader.is_at_end();
}

bool read_key(std::string_view rest, LogKey &key) {
    ByteReader reader(rest);
    read_key_body(reader, key);
    return reader.is_at_end();
}

bool read_settled(std::string_view rest, SettledRecord &settled) {
    ByteReader reader(rest);
    settled.group = reader.number<std::uint32_t>();
    read_runs(reader, settled.runs);
    return reader.is_at_end();
}

bool read_attempts(std::string_view rest, AttemptsRecord &attempts) {
    ByteReader reader(rest);
    attempts.group = reader.number<std::uint32_t>();
    attempts.number = static_cast<std::uint32_t>(reader.length());
    attempts.counted = static_cast<std::uint32_t>(reader.length());
    attempts.reason = reader.number<std::uint8_t>();
    attempts.aged_from_ms = static_cast<std::int64_t>(reader.number<std::uint64_t>());
    attempts.ready_ms = static_cast<std::int64_t>(reader.number<std::uint64_t>());
    read_runs(reader, attempts.runs);
    return reader.is_at_end();
}

bool read_removed_group(std::string_view rest, std::uint32_t &group) {
    ByteReader reader(rest);
    group = reader.number<std::uint32_t>();
    return reader.is_at_end();
}

void write_event(std::string &out, const LogEvent &event, std::span<const std::uint32_t> groups) {
    ByteWriter writer(out);
    write_kind(writer, RecordKind::event, event.sequence != 0);
    write_groups(writer, event.sequence, groups);
    writer.number(static_cast<std::uint8_t>((event.uid ? uid_bit : 0) | (event.key ? key_bit : 0) |
                                            (event.ref.empty() ? 0 : reference_bit)));
    writer.number(static_cast<std::uint64_t>(event.time_ms));
    writer.text(event.topic);
    writer.text(event.sid);
    if (event.uid)
        writer.text(*event.uid);
    writer.text(event.channel);
    writer.text(event.address);
    writer.text(event.ref);
    if (event.key)
        write_key_body(writer, *event.key);
    writer.text(event.record);
}

void write_gap(std::string &out, const LogGap &gap) {
    ByteWriter writer(out);
    write_kind(writer, RecordKind::gap, gap.sequence != 0);
    write_groups(writer, gap.sequence, {&gap.group, 1});
    writer.number(gap.from);
    writer.number(gap.to);
    writer.number(static_cast<std::uint8_t>(gap.count ? 1 : 0));
    writer.number(gap.count.value_or(0));
    writer.number(gap.reason);
    writer.number(static_cast<std::uint64_t>(gap.time_ms));
}

void write_settled(std::string &out, const LogSettled &settled) {
    ByteWriter writer(out);
    write_kind(writer, RecordKind::settled);
    writer.number(settled.group);
    write_runs(writer, settled.runs);
}

void write_attempts(std::string &out, const LogAttempts &attempts) {
    ByteWriter writer(out);
    write_kind(writer, RecordKind::attempts);
    writer.number(attempts.group);
    writer.length(attempts.number);
    writer.length(attempts.counted);
    writer.number(attempts.reason);
    writer.number(static_cast<std::uint64_t>(attempts.aged_from_ms));
    writer.number(static_cast<std::uint64_t>(attempts.ready_ms));
    write_runs(writer, attempts.runs);
}

void write_key(std::string &out, const LogKey &key) {
    ByteWriter writer(out);
    write_kind(writer, RecordKind::key);
    write_key_body(writer, key);
}

void write_removed_group(std::string &out, std::uint32_t group) {
    ByteWriter writer(out);
    write_kind(writer, RecordKind::removed_group);
    writer.number(group);
}

void write_again(std::string &out, const RecordHead &head, std::span<const std::uint32_t> groups) {
    ByteWriter writer(out);
    write_kind(writer, head.kind, true);
    write_groups(writer, head.sequence, groups);
    writer.bytes(head.rest);
}

namespace {

constexpr std::string_view segment_magic = "WRKTLOG1";
constexpr std::size_t checksum_place = SegmentHead::size - sizeof(std::uint32_t);

} // namespace

std::string write_segment_head(const SegmentHead &head) {
    std::string bytes;
    ByteWriter writer(bytes);
    writer.bytes(segment_magic);
    writer.number(head.number);
    writer.number(head.previous);
    writer.number(head.previous_end);
    writer.number(head.first_sequence);
    writer.number(head.synced_number);
    writer.number(head.synced_end);
    writer.number(std::uint64_t{head.has_rest});
    bytes.resize(checksum_place);
    writer.number(crc32c(bytes));
    return bytes;
}

std::optional<SegmentHead> read_segment_head(std::string_view bytes) {
    ByteReader reader(bytes.substr(0, SegmentHead::size));
    if (reader.bytes(segment_magic.size()) != segment_magic || bytes.size() < SegmentHead::size)
        return std::nullopt;
    SegmentHead head;
    head.number = reader.number<std::uint64_t>();
    head.previous = reader.number<std::uint64_t>();
    head.previous_end = reader.number<std::uint64_t>();
    head.first_sequence = reader.number<std::uint64_t>();
    head.synced_number = reader.number<std::uint64_t>();
    head.synced_end = reader.number<std::uint64_t>();
    head.has_rest = reader.number<std::uint64_t>() != 0;
    if (load_number<std::uint32_t>(bytes.data() + checksum_place) !=
        crc32c(bytes.substr(0, checksum_place)))
        return std::nullopt;
    return head;
}

} // namespace webrocket
