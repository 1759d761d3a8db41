#include "event_log/log_state.h"

#include "event_log/crc32c.h"
#include "event_log/log_bytes.h"
#include "event_log/segment.h"

#include <algorithm>
#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <utility>

namespace webrocket {
namespace {

constexpr std::string_view magic = "WRKTLOGS";
constexpr std::size_t size_max = 4096;

std::string encode(const LogState::Content &content) {
    std::string bytes;
    ByteWriter writer(bytes);
    writer.bytes(magic);
    writer.text(content.epoch);
    writer.number(content.reserved);
    writer.number(content.next_sequence);
    writer.number(content.last_file);
    writer.number(content.last_end);
    writer.text(content.boot_id);
    writer.number(crc32c(bytes));
    return bytes;
}

bool decode(std::string_view bytes, LogState::Content &content) {
    if (bytes.size() < sizeof(std::uint32_t))
        return false;
    const std::string_view checked = bytes.substr(0, bytes.size() - sizeof(std::uint32_t));
    if (load_number<std::uint32_t>(bytes.data() + checked.size()) != crc32c(checked))
        return false;
    ByteReader reader(checked);
    if (reader.bytes(magic.size()) != magic)
        return false;
    content.epoch = reader.text();
    content.reserved = reader.number<std::uint64_t>();
    content.next_sequence = reader.number<std::uint64_t>();
    content.last_file = reader.number<std::uint64_t>();
    content.last_end = reader.number<std::uint64_t>();
    content.boot_id = reader.text();
    return reader.is_at_end() && !content.epoch.empty();
}

std::uint64_t end_of_block(std::uint64_t sequence) {
    return (sequence + sequence_block - 1) / sequence_block * sequence_block;
}

} // namespace

LogState::LogState(std::filesystem::path directory, LogFiles &files)
    : directory_(std::move(directory)), files_(files) {}

LogState::Loaded LogState::load() {
    const std::filesystem::path path = directory_ / "state";
    const int descriptor = files_.open(path);
    if (descriptor < 0 && errno == ENOENT)
        return Loaded::nothing;
    const std::error_code error(errno, std::generic_category());
    const auto fail = [&](const std::error_code &why) {
        throw std::runtime_error("cannot read " + path.string() + ": " + why.message());
    };
    if (descriptor < 0)
        fail(error);
    LogFile file(files_, descriptor);
    std::string bytes;
    if (!file.read(bytes, size_max, 0))
        fail({errno, std::generic_category()});
    Content content;
    if (!decode(bytes, content))
        return Loaded::damaged;
    content_ = content;
    return Loaded::good;
}

int LogState::begin(const std::string &epoch, std::uint64_t first_sequence) {
    const std::lock_guard lock(mutex_);
    Content content;
    content.epoch = epoch;
    content.reserved = std::max(content_.reserved, end_of_block(first_sequence));
    content.boot_id = files_.boot_id();
    return write(content);
}

int LogState::reserve(std::uint64_t sequence) {
    const std::lock_guard lock(mutex_);
    if (sequence <= content_.reserved)
        return 0;
    Content content = content_;
    content.reserved = end_of_block(sequence);
    return write(content);
}

int LogState::stop(std::uint64_t next_sequence, std::uint64_t last_file, std::uint64_t last_end) {
    const std::lock_guard lock(mutex_);
    Content content = content_;
    content.next_sequence = next_sequence;
    content.last_file = last_file;
    content.last_end = last_end;
    return write(content);
}

int LogState::write(const Content &content) {
    const std::filesystem::path aside = directory_ / "state.new";
    files_.remove(aside);
    const int error = write_aside(encode(content), aside);
    if (error != 0)
        return error;
    if (files_.rename(aside, directory_ / "state") != 0 || files_.sync_directory(directory_) != 0)
        return errno;
    content_ = content;
    reserved_.store(content.reserved, std::memory_order_release);
    return 0;
}

int LogState::write_aside(std::string_view bytes, const std::filesystem::path &path) {
    const int descriptor = files_.create(path);
    if (descriptor < 0)
        return errno;
    LogFile file(files_, descriptor);
    const int error = file.write(bytes, 0);
    if (error != 0)
        return error;
    return files_.sync(descriptor) == 0 ? 0 : errno;
}

} // namespace webrocket
