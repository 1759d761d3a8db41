#include "server/ready_file.h"

#include "base/private_file.h"

#include <cerrno>
#include <stdexcept>
#include <system_error>
#include <unistd.h>

namespace webrocket {

ReadyFile::ReadyFile(std::filesystem::path file) : file_(std::move(file)) {
    if (!is_wanted())
        return;
    if (::unlink(file_.c_str()) != 0 && errno != ENOENT)
        throw std::runtime_error("cannot replace " + file_.string() + ": " +
                                 std::generic_category().message(errno));
    require_place_for_private_file(file_);
}

void ReadyFile::write(const std::string &content) {
    write_private_file(file_, content);
    is_written_ = true;
}

void ReadyFile::withdraw() {
    if (is_written_)
        ::unlink(file_.c_str());
    is_written_ = false;
}

} // namespace webrocket
