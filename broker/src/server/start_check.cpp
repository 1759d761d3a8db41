#include "server/start_check.h"

#include "base/private_file.h"
#include "net/tls.h"
#include "server/admin_socket.h"
#include "store/storage_dir.h"

#include <exception>
#include <filesystem>
#include <fmt/format.h>
#include <optional>
#include <stdexcept>
#include <utility>

namespace webrocket {
namespace {

class Obstacles {
  public:
    template <typename Look>
    void add_of(const Look &look) {
        try {
            look();
        } catch (const std::exception &error) {
            found_.emplace_back(error.what());
        }
    }
    std::vector<std::string> take() { return std::move(found_); }

  private:
    std::vector<std::string> found_;
};

void look_at_admin_socket(const std::string &file) {
    AdminSocket::require_place_for(file);
    require_usable_directory(std::filesystem::path(file).parent_path());
}

void look_at_ready_file(const std::filesystem::path &file) {
    if (std::filesystem::is_directory(file))
        throw std::runtime_error(
            fmt::format("cannot replace {}: it is a directory", file.string()));
    require_usable_directory(file.parent_path());
}

} // namespace

std::vector<std::string> obstacles_to_start(const Options &options) {
    Obstacles obstacles;
    for (const TlsFiles *files : {&options.tls, &options.admin_tls})
        if (files->is_set())
            obstacles.add_of([&] { const TlsContext usable(*files, options.tls_rules); });
    std::optional<StorageDir> storage;
    obstacles.add_of(
        [&] { storage.emplace(options.storage_dir, options.node_name, StorageDir::Use::look); });
    if (storage) {
        obstacles.add_of([&] { storage->look_at_directory(); });
        obstacles.add_of([&] { storage->look_at_database(); });
        obstacles.add_of([&] { storage->look_at_events(); });
        for (const auto &file : {storage->cookie_file(), storage->reader_file()})
            obstacles.add_of([&] { StorageDir::look_at_secret(file); });
    }
    if (!options.admin_socket.empty() && options.admin_socket != "none")
        obstacles.add_of([&] { look_at_admin_socket(options.admin_socket); });
    if (!options.ready_file.empty())
        obstacles.add_of([&] { look_at_ready_file(options.ready_file); });
    return obstacles.take();
}

} // namespace webrocket
