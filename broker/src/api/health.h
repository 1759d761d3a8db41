// Whether the server lives and takes new work: what load balancers and supervisors ask, on either
// port and without a secret.
#pragma once

#include "groups/groups.h"
#include "http/http_message.h"

#include <atomic>
#include <optional>

namespace webrocket {

class Health {
  public:
    void set_ready(bool ready) { ready_ = ready; }
    // Whose log has to work. Before anything is asked.
    void watch(const GroupDirectory &groups) { groups_ = &groups; }

    // Nothing when the request is not about health.
    std::optional<HttpResponse> answer(const HttpRequest &request) const;

  private:
    std::atomic<bool> ready_ = false;
    const GroupDirectory *groups_ = nullptr;
};

} // namespace webrocket
