#include "child_process.hpp"

#include <cerrno>
#include <csignal>
#include <system_error>

#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "patience.hpp"

namespace support {
namespace {

[[noreturn]] void fail(const std::string &what) {
    throw std::system_error(errno, std::generic_category(), what);
}

/// Between fork() and exec() of a process with threads: system calls only.
[[noreturn]] void become(char *const *command, int input, int output, pid_t parent) {
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    const bool is_orphan = getppid() != parent; // it went before it could be asked for a signal
    if (!is_orphan && dup2(input, STDIN_FILENO) >= 0 && dup2(output, STDOUT_FILENO) >= 0 &&
        dup2(output, STDERR_FILENO) >= 0)
        execv(command[0], command);
    _exit(127);
}

} // namespace

child_process::child_process(const std::vector<std::string> &command,
                             const std::filesystem::path &output) {
    std::vector<char *> arguments;
    arguments.reserve(command.size() + 1);
    for (const std::string &argument : command)
        arguments.push_back(const_cast<char *>(argument.c_str()));
    arguments.push_back(nullptr);

    const int in = open("/dev/null", O_RDONLY | O_CLOEXEC);
    const int out = open(output.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (in < 0 || out < 0)
        fail("cannot open " + output.string());
    const pid_t parent = getpid();
    pid_ = fork();
    if (pid_ == 0)
        become(arguments.data(), in, out, parent);
    close(in);
    close(out);
    if (pid_ < 0)
        fail("cannot fork");
}

child_process::~child_process() {
    if (status_)
        return;
    kill(pid_, SIGKILL);
    waitpid(pid_, nullptr, 0);
}

bool child_process::has_ended() {
    int status = 0;
    if (!status_ && waitpid(pid_, &status, WNOHANG) == pid_)
        status_ = status;
    return status_.has_value();
}

void child_process::send(int signal) {
    if (!has_ended()) // a pid that was waited for may be somebody else's by now
        kill(pid_, signal);
}

int child_process::end_with(int signal) {
    send(signal);
    wait_until("the end of process " + std::to_string(pid_), [&] { return has_ended(); });
    return *status_;
}

} // namespace support
