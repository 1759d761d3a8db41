// What was refused, to whom, and why: counted by port and reason, and told to the operator, of whom
// a peer that asks without end must not cost more than a line a minute.
#pragma once

#include "base/client_address.h"
#include "base/log.h"
#include "net/port.h"
#include "net/refusal_reason.h"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace webrocket {

class Refusals {
  public:
    using Clock = std::chrono::steady_clock;

    // Any thread. `what` was refused; it is written as it is.
    void add(Port port, RefusalReason reason, const ClientAddress &address, std::string_view what);

    // Likewise, where more is known of the peer: `describe` is called if there is a line to write,
    // and returns its text and its fields.
    template <typename Describe>
    void add_described(Port port, RefusalReason reason, const ClientAddress &address,
                       const Describe &describe) {
        const auto level = note(port, reason, address);
        if (is_logged(level)) {
            auto [text, fields] = describe();
            write(level, reason, text, std::move(fields));
        }
    }

    std::uint64_t total(Port port, RefusalReason reason) const;

    // Once a minute, and at the end: tells of the addresses of which there was more than their
    // line.
    void tell();

    // The rest is for tests.
    static constexpr std::size_t addresses_max = 1024;
    static constexpr std::size_t lines_max = 60; // a minute, of first refusals; and of summaries
    static constexpr std::uint64_t worth_telling = 30;
    spdlog::level::level_enum note(Port port, RefusalReason reason, const ClientAddress &address);
    struct Summary {
        std::string text;
        LogFields fields;
    };
    std::vector<Summary> summaries();

  private:
    // Of an address, since the last summary.
    struct Peer {
        std::array<std::uint32_t, refusal_count> untold{};
        std::uint64_t untold_total = 0;
        bool is_known = false; // there was a line about it
        bool is_active = false;
    };

    static bool is_logged(spdlog::level::level_enum level);
    static void write(spdlog::level::level_enum level, RefusalReason reason, std::string_view text,
                      LogFields fields);
    static bool deserves_summary(const Peer &peer);
    static Summary summary_of(const ClientAddress &network, const Peer &peer);

    std::array<std::array<std::atomic<std::uint64_t>, refusal_count>, port_count> totals_{};
    std::mutex mutex_;
    std::map<ClientAddress, Peer> peers_; // by network
    std::uint64_t of_others_ = 0;         // for whom there was no room
    std::size_t lines_ = 0;
};

} // namespace webrocket
