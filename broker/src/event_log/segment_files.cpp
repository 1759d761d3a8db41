#include "event_log/segment_files.h"

#include <algorithm>
#include <cerrno>
#include <fmt/format.h>
#include <optional>
#include <string>

namespace webrocket {
namespace {

constexpr std::size_t digits = 16;
constexpr const char *extension = ".seg";

std::optional<std::uint64_t> number_of(const std::filesystem::path &path) {
    const std::string name = path.stem().string();
    const bool is_number = name.size() == digits &&
                           std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
    if (path.extension() != extension || !is_number)
        return std::nullopt;
    return std::stoull(name);
}

} // namespace

std::filesystem::path SegmentFiles::path(std::uint64_t number) const {
    return directory_ / fmt::format("{:016}{}", number, extension);
}

std::vector<std::uint64_t> SegmentFiles::numbers() const {
    std::vector<std::uint64_t> numbers;
    for (const std::string &name : files_.names(directory_))
        if (const auto number = number_of(name))
            numbers.push_back(*number);
    std::ranges::sort(numbers);
    return numbers;
}

std::shared_ptr<LogFile> SegmentFiles::open(std::uint64_t number) const {
    const int descriptor = files_.open(path(number));
    return descriptor < 0 ? nullptr : std::make_shared<LogFile>(files_, descriptor);
}

int SegmentFiles::create(std::uint64_t number, std::uint64_t size,
                         std::shared_ptr<LogFile> &file) const {
    const int descriptor = files_.create(path(number));
    if (descriptor < 0)
        return errno;
    auto made = std::make_shared<LogFile>(files_, descriptor);
    if (files_.allocate(descriptor, size) != 0) {
        const int error = errno;
        remove(number);
        return error;
    }
    file = std::move(made);
    return 0;
}

int SegmentFiles::sync_directory() const {
    return files_.sync_directory(directory_) == 0 ? 0 : errno;
}

int SegmentFiles::remove(std::uint64_t number) const {
    return files_.remove(path(number)) == 0 || errno == ENOENT ? 0 : errno;
}

void SegmentFiles::set_aside(std::uint64_t number) const {
    std::filesystem::path aside = path(number);
    aside.replace_extension(".damaged");
    files_.rename(path(number), aside);
}

} // namespace webrocket
