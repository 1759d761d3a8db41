// Files of an event log that anybody may have written: nothing of them is told that is not one
// whole event, in the order of SEQ. The checksums are made right, or nothing would get past them.
#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "../broker/unit/memory_log_files.h"
#include "event_log/log_bytes.h"
#include "event_log/log_recovery.h"
#include "expect.hpp"

namespace {

using namespace webrocket;

class Told final : public LogVisitor {
  public:
    void event(const LogEvent &event, std::span<const RecoveredAttempt> attempts) override {
        expect(!event.groups.empty());
        expect(attempts.size() <= event.groups.size());
        expect_order(event.sequence);
    }
    void gap(const LogGap &gap) override { expect_order(gap.sequence); }
    void key(const LogKey &) override { expect(last_ == 0); }
    void reference(const LogEvent &event) override { expect(last_ == 0 && !event.ref.empty()); }

  private:
    void expect_order(std::uint64_t sequence) {
        expect(sequence > last_);
        last_ = sequence;
    }

    std::uint64_t last_ = 0;
};

// The input as bodies of records: a length in a byte, and so much of it. A length of 0 ends the
// file.
std::string file_of(std::string_view &input, std::uint64_t number) {
    SegmentHead head;
    head.number = number;
    head.previous = number - 1;
    head.previous_end = ~std::uint64_t{0};
    std::string bytes = write_segment_head(head);
    while (!input.empty()) {
        const auto wanted = static_cast<std::uint8_t>(input.front());
        input.remove_prefix(1);
        if (wanted == 0)
            break;
        const std::string_view body = input.substr(0, wanted);
        input.remove_prefix(body.size());
        if (body.empty())
            break;
        std::string record(record_head_size - 1, '\0');
        record += body;
        store_number(record.data(), static_cast<std::uint32_t>(body.size()));
        store_number(record.data() + sizeof(std::uint32_t),
                     record_checksum(number, bytes.size(), record));
        bytes += record;
    }
    return bytes;
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t *data, std::size_t size) {
    std::string_view input(reinterpret_cast<const char *>(data), size);
    test::MemoryLogFiles files;
    for (std::uint64_t number = 1; number <= 3; ++number)
        files.put("000000000000000" + std::to_string(number) + ".seg", file_of(input, number));
    const SegmentFiles segment_files("/nowhere", files);
    LogIndex index;
    Told told;
    LogRecovery recovery(segment_files, files, index, told, 0);
    recovery.read_files({});
    recovery.visit_waiting();
    recovery.mend();
    return 0;
}
