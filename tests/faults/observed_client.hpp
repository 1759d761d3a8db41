// A client whose log is listened to, and its four requests by name.
#pragma once

#include <cstdint>
#include <string>

#include <kosmonaut/kosmonaut.h>

#include "observed_worker.hpp"

namespace faults {

struct client_settings {
    std::int64_t connect_timeout_ms = longer_than_patience_ms;
    std::int64_t request_timeout_ms = longer_than_patience_ms;
    std::int32_t retries = 0; // most tests are about one try
    std::string ca_file;      // empty: the system's
};

enum class operation { open_channel, close_channel, trigger, request_token };

class observed_client {
  public:
    explicit observed_client(const std::string &url, const client_settings &how = {});
    ~observed_client();
    observed_client(const observed_client &) = delete;
    observed_client &operator=(const observed_client &) = delete;

    kn_client *get() const noexcept { return client_; }

    /// What the call failed with; KN_OK in it when it did not.
    told_failure call(operation what) const;
    told_failure call() const { return call(operation::open_channel); }

    const kept_log &log() const noexcept { return log_; }

  private:
    kept_log log_;
    kn_client *client_ = nullptr;
};

/// The answer that each of them hopes for.
std::string good_answer(operation what);

} // namespace faults
