// What a core dump would show after the handles are freed: neither the vhost's token nor a header
// that may be a key, plain or encoded; not in the library's memory, nor in libcurl's.
#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <fstream>
#include <sstream>
#include <string>
#include <system_error>
#include <vector>

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include "answers.hpp"
#include "tls_channel.hpp"

namespace faults {
namespace {

constexpr std::string_view key = "k3y-fedcba9876543210";

struct pipe_ends {
    descriptor out;
    descriptor in;
};

pipe_ends make_pipe() {
    std::array<int, 2> ends{};
    if (pipe2(ends.data(), O_CLOEXEC) != 0)
        throw std::system_error(errno, std::generic_category(), "pipe2");
    return {descriptor(ends[0]), descriptor(ends[1])};
}

pid_t spawn(std::string program, const descriptor &input, const descriptor &output) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, input.get(), STDIN_FILENO);
    posix_spawn_file_actions_adddup2(&actions, output.get(), STDOUT_FILENO);
    const std::array<char *, 2> arguments{program.data(), nullptr};
    pid_t process = -1;
    const int failure =
        posix_spawn(&process, program.c_str(), &actions, nullptr, arguments.data(), environ);
    posix_spawn_file_actions_destroy(&actions);
    if (failure != 0)
        throw std::system_error(failure, std::generic_category(), program);
    return process;
}

/// A process that was told @p secrets, used its handles and freed them.
class freed_handles {
  public:
    explicit freed_handles(const std::string &secrets) {
        pipe_ends input = make_pipe();
        pipe_ends output = make_pipe();
        process_ = spawn(FREED_HANDLES, input.out, output.in);
        output.in = descriptor();
        if (write(input.in.get(), secrets.data(), secrets.size()) < 0)
            throw std::system_error(errno, std::generic_category(), "write");
        input.in = descriptor();
        char c;
        while (said_.find("freed\n") == std::string::npos && read(output.out.get(), &c, 1) == 1)
            said_ += c;
    }
    ~freed_handles() {
        kill(process_, SIGKILL);
        waitpid(process_, nullptr, 0);
    }
    freed_handles(const freed_handles &) = delete;
    freed_handles &operator=(const freed_handles &) = delete;

    const std::string &said() const noexcept { return said_; }

    /// What of @p text stands where in its writable memory, with what is around it.
    std::vector<std::string> findings(std::string_view text) const {
        const std::string directory = "/proc/" + std::to_string(process_);
        std::ifstream maps(directory + "/maps");
        std::ifstream memory(directory + "/mem", std::ios::binary);
        if (!maps || !memory)
            throw std::runtime_error("cannot read the process's memory");
        std::vector<std::string> found;
        for (std::string line; std::getline(maps, line);) {
            std::uint64_t begin = 0;
            std::uint64_t end = 0;
            char dash = 0;
            std::string access;
            std::istringstream(line) >> std::hex >> begin >> dash >> end >> access;
            if (access.substr(0, 2) == "rw")
                look(memory, begin, end, text, line, found);
        }
        return found;
    }

  private:
    static void look(std::ifstream &memory, std::uint64_t begin, std::uint64_t end,
                     std::string_view text, const std::string &where,
                     std::vector<std::string> &found) {
        // A sanitizer's shadow is terabytes of nothing.
        constexpr std::uint64_t largest = std::uint64_t{1} << 30;
        if (end - begin > largest)
            return;
        std::string bytes(end - begin, '\0');
        memory.clear();
        memory.seekg(static_cast<std::streamoff>(begin));
        memory.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
        for (std::size_t at = bytes.find(text); at != std::string::npos;
             at = bytes.find(text, at + 1)) {
            std::string around = bytes.substr(at - std::min<std::size_t>(at, 40), 100);
            std::replace_if(
                around.begin(), around.end(), [](char c) { return c < ' ' || c > '~'; }, '.');
            found.push_back(where + ": " + around);
        }
    }

    pid_t process_ = -1;
    std::string said_;
};

const std::vector<std::string> nothing;

/// Every handle's part, in the order of freed_handles.cpp.
std::vector<script> parts() {
    return {answers(202), answers(401), answers(202), keeps_streaming("data: a\n\n")};
}

void expect_all_wiped(const std::string &url, const std::string &ca_file) {
    const freed_handles process(url + "\n" + ca_file + "\n" + std::string(key) + "\n");
    ASSERT_EQ(process.said(), "freed\n");
    EXPECT_EQ(process.findings(token), nothing);
    // Without the ends, which depend on what is beside it.
    EXPECT_EQ(process.findings(authorization.substr(12, 20)), nothing);
    EXPECT_EQ(process.findings(key), nothing);
}

TEST(freed_memory, holds_no_credentials) {
    const fault_server server(parts());
    expect_all_wiped(server.url(), "");
}

TEST(freed_memory, holds_no_credentials_that_went_over_tls) {
    const test_certificate certificate;
    const fault_server server(parts(), tls_channel(certificate));
    expect_all_wiped(server.where().url("https"), certificate.file());
}

} // namespace
} // namespace faults
