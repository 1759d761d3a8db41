// Where lines go when nobody takes them.
#include "base/blocking_writer.h"
#include "base/log_sink.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <fcntl.h>
#include <future>
#include <gtest/gtest.h>
#include <limits>
#include <poll.h>
#include <spdlog/details/log_msg.h>
#include <string>
#include <string_view>
#include <sys/eventfd.h>
#include <unistd.h>

namespace {

using webrocket::BlockingWriter;
using webrocket::LogSink;

// As a file on a disk that stands still: poll() says that there is room, and write() does not
// return. An eventfd takes eight bytes for a number, and waits when its sum would be too large.
class StandingDisk {
  public:
    StandingDisk() {
        constexpr auto nearly_full = std::numeric_limits<std::uint64_t>::max() - 2;
        EXPECT_EQ(::eventfd_write(descriptor_, nearly_full), 0);
    }
    ~StandingDisk() {
        go_on();
        ::close(descriptor_);
    }
    StandingDisk(const StandingDisk &) = delete;
    StandingDisk &operator=(const StandingDisk &) = delete;

    int descriptor() const { return descriptor_; }
    void go_on() const {
        pollfd wanted{descriptor_, POLLIN, 0};
        std::uint64_t sum = 0;
        if (::poll(&wanted, 1, 0) > 0)
            ::eventfd_read(descriptor_, &sum);
    }

  private:
    int descriptor_ = ::eventfd(0, EFD_CLOEXEC);
};

// More than the sink keeps, in lines of eight bytes.
void log_very_much(LogSink &sink) {
    sink.set_pattern("%v");
    for (std::size_t size = 0; size < LogSink::pending_max + 1000; size += 8)
        sink.log({"test", spdlog::level::info, "a line!"});
}

TEST(log_sink, a_disk_that_stands_still_costs_lines_and_nobodys_time) {
    const StandingDisk disk;
    LogSink sink(disk.descriptor());
    auto logging = std::async(std::launch::async, [&sink] { log_very_much(sink); });
    const auto ended = logging.wait_for(std::chrono::seconds(20));
    EXPECT_EQ(ended, std::future_status::ready);
    EXPECT_TRUE(sink.is_pending());
    EXPECT_GT(sink.dropped(), 0U);
    EXPECT_FALSE(sink.wait(std::chrono::milliseconds(1)));
    disk.go_on();
    EXPECT_TRUE(sink.wait(std::chrono::seconds(20)));
    while (logging.wait_for(std::chrono::milliseconds(1)) != std::future_status::ready)
        disk.go_on();
}

// Full, and from then on one that has to be waited for.
std::size_t fill(int pipe) {
    const std::string piece(4096, '-');
    std::size_t size = 0;
    for (ssize_t count = 0; count >= 0;
         size += static_cast<std::size_t>(std::max<ssize_t>(count, 0)))
        count = ::write(pipe, piece.data(), piece.size());
    ::fcntl(pipe, F_SETFL, 0);
    return size;
}

std::string read_exactly(int pipe, std::size_t size) {
    std::string text(size, ' ');
    for (std::size_t done = 0; done < size;) {
        const auto count = ::read(pipe, text.data() + done, size - done);
        if (count <= 0)
            return {};
        done += static_cast<std::size_t>(count);
    }
    return text;
}

TEST(blocking_writer, what_takes_longer_is_written_once_and_in_order) {
    std::array<int, 2> ends{};
    ASSERT_EQ(::pipe2(ends.data(), O_CLOEXEC), 0);
    ::fcntl(ends[1], F_SETFL, O_NONBLOCK);
    const auto filled = fill(ends[1]);
    {
        BlockingWriter writer(ends[1]);
        for (const std::string_view text : {"first", "first and second"}) {
            EXPECT_EQ(writer.write(text), -1);
            EXPECT_EQ(errno, EAGAIN);
        }
        EXPECT_EQ(read_exactly(ends[0], filled).size(), filled);
        EXPECT_TRUE(writer.wait(std::chrono::seconds(20)));
        EXPECT_EQ(writer.write("first and second"), 5);
        EXPECT_EQ(writer.write(" and second"), 11);
        EXPECT_EQ(read_exactly(ends[0], 16), "first and second");
    }
    ::close(ends[0]);
    ::close(ends[1]);
}

} // namespace
