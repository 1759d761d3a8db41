// What a connection holds, and its end where that is too much.
#include "net/connection.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace webrocket {

// About as much as one has that does nothing, with its protocol's part and its TLS.
std::size_t Connection::idle_bytes(bool is_encrypted) {
    constexpr std::size_t own = 1024;
    constexpr std::size_t of_tls = std::size_t{48} << 10;
    return own + (is_encrypted ? of_tls : 0);
}

Holding Connection::holding(std::chrono::steady_clock::time_point now) const {
    const std::size_t waiting = queue_.share_of_memory();
    if (!protocol_)
        return {waiting, false};
    return {waiting + protocol_->held_bytes(),
            waiting < MemoryBudget::holding_min &&
                now - protocol_->held_since() < MemoryBudget::fresh};
}

void Connection::let_go(std::size_t held) {
    if (torn_down_)
        return;
    report_refusal(RefusalReason::memory, fmt::format("{} bytes of memory", held));
    drop();
}

void Connection::report_largest_holder(std::size_t held, std::size_t in_use, std::size_t limit) {
    if (!protocol_)
        return;
    auto fields = protocol_->log_fields();
    fields.push_back(log_field("held_bytes", held));
    log(spdlog::level::warn,
        fmt::format("memory: {} bytes are held, of {}: whoever holds most is let go, first {} with "
                    "{} bytes",
                    in_use, limit, protocol_->description(), held),
        fields);
}

} // namespace webrocket
