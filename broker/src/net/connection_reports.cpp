// What the log and the figures are told of a connection.
#include "net/connection.h"

#include <utility>

#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace webrocket {

void Connection::report_refusal(RefusalReason reason, std::string_view what) {
    loop_.refusals().add_described(port_, reason, address_, [&] {
        return std::pair(fmt::format("{} refused {}", protocol_->description(), what),
                         protocol_->log_fields());
    });
}

// A peer that hangs up in the middle was not refused anything.
void Connection::report_failed_handshake() {
    if (tls_->has_begun())
        return;
    if (const auto failure = tls_->failure(); !failure.empty())
        report_refusal(RefusalReason::tls_handshake, "the TLS handshake: " + failure);
}

void Connection::report_exception(const std::exception &error) noexcept {
    without_exceptions([&] {
        const std::string who = protocol_ ? protocol_->description() : "a connection";
        log(spdlog::level::err, fmt::format("{} dropped: {}", who, error.what()),
            protocol_ ? protocol_->log_fields() : LogFields());
    });
}

void Connection::report_slow_consumer() {
    loop_.figures().slow_connections_closed.add(1);
    if (!protocol_)
        return;
    auto fields = protocol_->log_fields();
    fields.push_back(log_field("unsent_bytes", queue_.bytes()));
    log(spdlog::level::warn,
        fmt::format("slow consumer: {} closed with {} bytes unsent", protocol_->description(),
                    queue_.bytes()),
        fields);
}

} // namespace webrocket
