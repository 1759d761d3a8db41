#include "server/admin_socket.h"

#include "base/unix_user.h"
#include "net/connection.h"

#include <cerrno>
#include <fmt/format.h>
#include <optional>
#include <stdexcept>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>
#include <unistd.h>
#include <utility>

namespace webrocket {
namespace {

[[noreturn]] void fail(const std::filesystem::path &file, const std::string &reason) {
    throw std::runtime_error(fmt::format("cannot listen on {}: {}", file.string(), reason));
}

// Nobody answers behind a socket whose server was killed. One that stands still may have no room
// for another connection: that is not waited for.
bool is_in_use(const std::filesystem::path &file) {
    using Protocol = boost::asio::local::stream_protocol;
    boost::asio::io_context io;
    Protocol::socket probe(io, Protocol());
    probe.non_blocking(true);
    const Protocol::endpoint endpoint(file.string());
    return ::connect(probe.native_handle(), endpoint.data(),
                     static_cast<socklen_t>(endpoint.size())) == 0 ||
           errno != ECONNREFUSED;
}

void remove_stale(const std::filesystem::path &file) {
    if (!std::filesystem::exists(std::filesystem::symlink_status(file)))
        return;
    if (is_in_use(file))
        fail(file, "another process is using it");
    if (::unlink(file.c_str()) != 0)
        fail(file, std::generic_category().message(errno));
}

std::optional<uid_t> user_at_the_other_end(int socket) {
    ucred peer{};
    socklen_t size = sizeof peer;
    if (::getsockopt(socket, SOL_SOCKET, SO_PEERCRED, &peer, &size) != 0)
        return std::nullopt;
    return peer.uid;
}

} // namespace

std::size_t AdminSocket::path_length_max() { return sizeof(sockaddr_un::sun_path) - 1; }

void AdminSocket::require_place_for(const std::filesystem::path &file) {
    if (file.string().size() > path_length_max())
        fail(file, fmt::format("the path has {} bytes, and a socket's may have {}; "
                               "--admin-socket names another one, or none",
                               file.string().size(), path_length_max()));
    struct stat status {};
    if (::lstat(file.c_str(), &status) == 0 && !S_ISSOCK(status.st_mode))
        fail(file, "there is something else of that name");
}

AdminSocket::AdminSocket(EventLoops &loops, std::filesystem::path file, PortService &service)
    : loops_(loops), file_(std::move(file)), service_(service),
      acceptor_(loops, file_.string(),
                [this](EventLoop &loop, Socket socket) { welcome(loop, std::move(socket)); }) {
    user_name(::geteuid()); // which may take a while, and nobody waits yet
    require_place_for(file_);
    remove_stale(file_);
    try {
        listen();
    } catch (const boost::system::system_error &error) {
        remove_file();
        fail(file_, error.code().message());
    }
}

AdminSocket::~AdminSocket() { stop(); }

void AdminSocket::listen() {
    acceptor_.socket().open();
    // The file gets the mode that the socket has, whatever the umask leaves to others.
    ::fchmod(acceptor_.socket().native_handle(), S_IRUSR | S_IWUSR);
    acceptor_.socket().bind({file_.string()});
    struct stat status {};
    if (::lstat(file_.c_str(), &status) == 0) {
        device_ = status.st_dev;
        inode_ = status.st_ino;
    }
    acceptor_.socket().listen();
}

void AdminSocket::welcome(EventLoop &loop, Socket socket) {
    loop.post([this, &loop, socket = std::move(socket)]() mutable {
        const auto user = user_at_the_other_end(socket.descriptor());
        const ConnectionPtr connection(
            new Connection(loops_, loop, Port::admin, std::move(socket), nullptr));
        connection->set_user(user);
        connection->start(service_.serve(*connection));
    });
}

void AdminSocket::stop() {
    if (!acceptor_.socket().is_open())
        return;
    acceptor_.stop();
    remove_file();
}

void AdminSocket::remove_file() {
    struct stat status {};
    if (inode_ != 0 && ::lstat(file_.c_str(), &status) == 0 && status.st_dev == device_ &&
        status.st_ino == inode_)
        ::unlink(file_.c_str());
    inode_ = 0;
}

} // namespace webrocket
