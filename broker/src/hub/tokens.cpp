#include "hub/tokens.h"

#include "base/log.h"

#include <fmt/format.h>
#include <utility>

namespace webrocket {

void Tokens::set_limits(const TokenLimits &limits) {
    const std::lock_guard lock(mutex_);
    book_.set_limits(limits);
}

std::string Tokens::issue(Permission permission) {
    std::string token;
    bool displacement_is_news = false;
    {
        const std::lock_guard lock(mutex_);
        const auto displaced = book_.displaced();
        token = book_.issue(std::move(permission));
        displacement_is_news = book_.displaced() != displaced && line_pause_.is_over();
    }
    if (displacement_is_news)
        log(spdlog::level::warn,
            fmt::format("too many single access tokens of {} wait for their use: the oldest are "
                        "of no use any more",
                        vhost_),
            {log_field("vhost", vhost_)});
    return token;
}

std::shared_ptr<const Permission> Tokens::spend(std::string_view token) {
    const std::lock_guard lock(mutex_);
    auto permission = book_.spend(token);
    return permission ? std::make_shared<const Permission>(std::move(*permission)) : nullptr;
}

std::uint64_t Tokens::displaced() const {
    const std::lock_guard lock(mutex_);
    return book_.displaced();
}

} // namespace webrocket
