#include "broker.hpp"

#include <csignal>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include <sys/wait.h>

#include <boost/json.hpp>

#include "patience.hpp"

namespace support {
namespace {

std::string content_of(const std::filesystem::path &file) {
    std::ifstream in(file, std::ios::binary);
    return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

std::string on_loopback(const reserved_port &port) {
    return "127.0.0.1:" + std::to_string(port.number());
}

} // namespace

broker::broker(std::vector<std::string> flags) : flags_(std::move(flags)) { start(); }

void broker::start() {
    const std::filesystem::path ready_file = directory_.path() / "ready.json";
    std::filesystem::remove(ready_file);
    std::vector<std::string> command{
        WEBROCKET_SERVER, "--addr", on_loopback(port_), "--admin-addr", on_loopback(admin_port_),
        "--storage-dir", (directory_.path() / "storage").string(), "--node-name", "test",
        "--ready-file", ready_file.string(), "--log-level", "debug",
        // Its pages are there to put the library under load.
        "--max-messages-per-second", "0", "--max-bytes-per-second", "0", "--max-message-bytes",
        "1048576"};
    command.insert(command.end(), flags_.begin(), flags_.end());
    process_.emplace(command, directory_.path() / "log");
    wait_until("the broker to be ready", [&] {
        if (process_->has_ended())
            throw std::runtime_error("the broker did not start:\n" + log());
        return std::filesystem::exists(ready_file);
    });
    const auto ready = boost::json::parse(content_of(ready_file));
    cookie_ = content_of(ready.at("cookie_file").as_string().c_str());
}

void broker::stop() {
    if (!process_)
        return;
    const int status = process_->end_with(SIGTERM);
    process_.reset();
    if (!WIFEXITED(status) || WEXITSTATUS(status) != 0)
        throw std::runtime_error("the broker ended badly (wait status " + std::to_string(status) +
                                 "):\n" + log());
}

void broker::kill() {
    if (!process_)
        return;
    process_->end_with(SIGKILL);
    process_.reset();
}

void broker::pause() { process_.value().send(SIGSTOP); }

void broker::resume() { process_.value().send(SIGCONT); }

std::string broker::add_vhost(const std::string &path) {
    admin("POST", path, 302);
    return url_of(path);
}

std::string broker::regenerate_token(const std::string &path) {
    admin("PUT", path + "/token", 302);
    return url_of(path);
}

void broker::delete_vhost(const std::string &path) { admin("DELETE", path, 202); }

std::vector<std::string> broker::workers(const std::string &path) {
    const auto answer = boost::json::parse(admin("GET", path + "/workers", 200).body);
    std::vector<std::string> ids;
    for (const auto &worker : answer.at("workers").as_array())
        ids.emplace_back(worker.at("id").as_string());
    return ids;
}

std::string broker::url_of(const std::string &path) {
    const auto answer = boost::json::parse(admin("GET", path, 200).body);
    const std::string token(answer.at("vhost").at("accessToken").as_string());
    return vhost_address{{"127.0.0.1", port_.number()}, path, token}.url();
}

http_answer broker::admin(const std::string &method, const std::string &target, unsigned expected) {
    http_answer answer = http_exchange({"127.0.0.1", admin_port_.number()}, method, target,
                                       {"X-WebRocket-Cookie", cookie_});
    if (answer.status != expected)
        throw std::runtime_error(method + " " + target + " was answered " +
                                 std::to_string(answer.status) + ": " + answer.body);
    return answer;
}

std::string broker::log() const { return content_of(directory_.path() / "log"); }

} // namespace support
