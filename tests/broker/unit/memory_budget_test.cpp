// Where what is held becomes too much, the connections that hold most go first.
#include "net/memory_budget.h"

#include "base/memory_limit.h"
#include "net/connection.h"
#include "net/event_loops.h"
#include "net/held_memory.h"

#include <boost/asio/ip/tcp.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <memory>
#include <string>
#include <vector>

namespace {

using namespace webrocket;
using boost::asio::ip::tcp;

TEST(largest_of_all, is_reckoned_over_all_loops) {
    const std::vector<Holdings> by_loop = {
        {{90, false}, {50, false}, {10, false}}, {}, {{80, false}, {70, false}}};
    using Counts = std::vector<std::size_t>;
    EXPECT_EQ(largest_of_all(by_loop, 0), (Counts{0, 0, 0}));
    EXPECT_EQ(largest_of_all(by_loop, 1), (Counts{1, 0, 0}));
    EXPECT_EQ(largest_of_all(by_loop, 91), (Counts{1, 0, 1}));
    EXPECT_EQ(largest_of_all(by_loop, 241), (Counts{2, 0, 2}));
    EXPECT_EQ(largest_of_all(by_loop, 1000), (Counts{3, 0, 2}));
    const std::vector<Holdings> with_fresh = {{{50, false}, {900, true}}, {{10, false}}};
    EXPECT_EQ(largest_of_all(with_fresh, 60), (Counts{1, 1}));
    EXPECT_EQ(largest_of_all(with_fresh, 61), (Counts{2, 1}));
}

// Says nothing, and holds what it is told to.
class Holder final : public Protocol {
  public:
    using Time = std::chrono::steady_clock::time_point;

    Holder(std::size_t bytes, Time since) : since_(since) { held_.set(bytes); }
    void on_data(std::string_view) override {}
    void on_end() override {}
    void on_timer() override {}
    void on_shutdown() override {}
    std::string description() const override { return "holder"; }
    std::size_t held_bytes() const override { return held_.bytes(); }
    Time held_since() const override { return since_; }

  private:
    HeldBytes<> held_;
    const Time since_;
};

class memory_budget : public testing::Test {
  protected:
    void add_holder(std::size_t bytes, Holder::Time since = {}) {
        auto &peer = peers_.emplace_back(io());
        peer.connect(acceptor_.local_endpoint());
        const ConnectionPtr connection(new Connection(
            loops_, loops_.first(), Port::service, Socket(acceptor_.accept().release()), nullptr));
        connection->start(std::make_unique<Holder>(bytes, since));
    }
    // What those that are left hold, in the order in which they came.
    std::vector<std::size_t> left() {
        std::vector<std::size_t> bytes;
        loops_.first().for_each_connection(
            [&](Connection &connection) { bytes.push_back(connection.holding({}).bytes); });
        return bytes;
    }
    void look_with_limit(std::size_t bytes) {
        loops_.memory().set_limit(bytes);
        loops_.memory().look();
        io().restart();
        io().poll();
    }
    std::uint64_t let_go() { return loops_.refusals().total(Port::service, RefusalReason::memory); }
    boost::asio::io_context &io() { return loops_.first().io(); }

    EventLoops loops_{1};
    tcp::acceptor acceptor_{io(), {boost::asio::ip::address_v4::loopback(), 0}};
    std::vector<tcp::socket> peers_;
};

TEST_F(memory_budget, lets_the_largest_go_until_there_is_enough) {
    const auto others = held_memory::total();
    for (const std::size_t bytes : {200000, 900000, 100000, 800000})
        add_holder(bytes);
    look_with_limit(others + 3000000);
    EXPECT_EQ(left().size(), 4U);
    look_with_limit(others + 1500000);
    EXPECT_EQ(left(), (std::vector<std::size_t>{200000, 100000, 800000}));
    EXPECT_EQ(let_go(), 1U);
    look_with_limit(others + 500000);
    EXPECT_EQ(left(), (std::vector<std::size_t>{200000, 100000}));
    EXPECT_FALSE(loops_.memory().is_exhausted());
}

// A backend whose large request is just being read is not in the way of others.
TEST_F(memory_budget, what_has_just_come_goes_last) {
    const auto others = held_memory::total();
    add_holder(900000, std::chrono::steady_clock::now());
    for (const std::size_t bytes : {100000, 300000})
        add_holder(bytes);
    look_with_limit(others + 1250000);
    EXPECT_EQ(left(), (std::vector<std::size_t>{900000, 100000}));
    look_with_limit(others + 500000);
    EXPECT_TRUE(left().empty());
}

TEST_F(memory_budget, who_holds_little_stays_and_nobody_else_comes) {
    for (int i = 0; i < 8; ++i)
        add_holder(MemoryBudget::holding_min - 1);
    add_holder(MemoryBudget::holding_min);
    look_with_limit(1000);
    EXPECT_EQ(left().size(), 8U);
    EXPECT_TRUE(loops_.memory().is_exhausted());
    look_with_limit(100000000);
    EXPECT_FALSE(loops_.memory().is_exhausted());
}

// To end one of them frees nothing as long as there is another.
TEST_F(memory_budget, those_who_share_go_together_where_that_is_needed) {
    const auto others = held_memory::total();
    for (int i = 0; i < 40; ++i)
        add_holder(0);
    const Frame frame = make_frame(std::string(64 << 20, 'x'));
    loops_.first().for_each_connection([&](Connection &connection) { connection.send(frame); });
    look_with_limit(others + (80 << 20));
    EXPECT_EQ(left().size(), 40U);
    look_with_limit(others + (32 << 20));
    EXPECT_TRUE(left().empty());
    EXPECT_EQ(let_go(), 40U);
}

// Files as the system has them.
class memory_limit : public testing::Test {
  protected:
    ~memory_limit() override { std::filesystem::remove_all(root_); }
    void write(const std::string &file, const std::string &text) {
        std::filesystem::create_directories((root_ / file).parent_path());
        std::ofstream(root_ / file) << text << '\n';
    }
    std::uint64_t found() { return memory_of_process(root_); }

    std::string template_ = (std::filesystem::temp_directory_path() / "memory-XXXXXX").string();
    const std::filesystem::path root_ = ::mkdtemp(template_.data());
};

TEST_F(memory_limit, is_the_machines) {
    EXPECT_EQ(found(), std::numeric_limits<std::uint64_t>::max());
    write("proc/meminfo", "MemTotal:        1000 kB\nMemFree:          10 kB");
    EXPECT_EQ(found(), 1024000U);
    write("proc/self/cgroup", "0::/a/b");
    write("sys/fs/cgroup/a/b/memory.max", "max");
    EXPECT_EQ(found(), 1024000U);
}

TEST_F(memory_limit, is_the_least_of_the_groups_around_it) {
    write("proc/meminfo", "MemTotal:        1000 kB");
    write("proc/self/cgroup", "0::/a/b");
    write("sys/fs/cgroup/a/b/memory.max", "900000");
    EXPECT_EQ(found(), 900000U);
    write("sys/fs/cgroup/a/memory.max", "800000");
    EXPECT_EQ(found(), 800000U);
    write("sys/fs/cgroup/a/memory.max", "max");
    write("sys/fs/cgroup/memory.max", "700000"); // as a container is shown its own
    EXPECT_EQ(found(), 700000U);
}

TEST_F(memory_limit, is_found_where_groups_are_of_version_1) {
    write("proc/meminfo", "MemTotal:        1000 kB");
    write("proc/self/cgroup", "5:cpu,cpuacct:/a\n4:memory:/docker/1\n1:name=systemd:/a\n0::/a");
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "500000");
    EXPECT_EQ(found(), 500000U);
    write("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "400000");
    EXPECT_EQ(found(), 400000U);
}

} // namespace
