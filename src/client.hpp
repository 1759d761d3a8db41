#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "endpoint.hpp"
#include "http/classify.hpp"
#include "http/connection_pool.hpp"
#include "settings.hpp"

namespace kn {

/// The requests of the Backend API, each a call that waits for its answer. Any number of threads at
/// once.
class client {
  public:
    client(std::string_view url, const settings &options);

    void open_channel(std::string_view channel);
    void close_channel(std::string_view channel);
    /// No @p data stands for `{}`.
    void trigger(std::string_view channel, std::string_view event,
                 std::optional<std::string_view> data);
    std::string request_token(std::string_view uid, std::string_view channels);

  private:
    std::string channel_url(std::string_view channel) const;
    /// The body of the answer, which has to have the status @p expected.
    std::string call(operation what, const request &sent, long expected);

    settings options_;
    endpoint where_;
    connection_pool pool_{where_, options_};
};

} // namespace kn
