// Who gets one more connection: there are so many in all, so many for each address, and so many new
// WebSockets of each a second.
#pragma once

#include "base/client_address.h"
#include "base/message_rate.h"

#include <cstddef>
#include <map>
#include <memory>
#include <mutex>

namespace webrocket {

struct AdmissionLimits {
    std::size_t connections_max = 100000;
    std::size_t per_address_max = 50000;
    std::size_t handshakes_per_second_max = 0; // of one address; 0: as many as it likes
};

// Any thread.
class Admission {
  public:
    // Given back when the last copy is gone.
    using Place = std::shared_ptr<const void>;
    enum class Verdict { admitted, full, too_many_of_address };
    struct Answer {
        Verdict verdict;
        Place place;
    };

    explicit Admission(const AdmissionLimits &limits);

    AdmissionLimits limits() const;
    // For those that come from now on.
    void set_limits(const AdmissionLimits &limits);

    // A connection of the port.
    Answer admit(const ClientAddress &address);
    // One whose own address says nothing of its clients, which are counted with claim().
    Answer admit_proxy();
    // One of the clients behind a proxy; null when it has as many as it may.
    Place claim(const ClientAddress &address);

    bool allows_handshake(const ClientAddress &address);

  private:
    struct Book;
    class Kept;

    Answer admit(const ClientAddress *address);

    // Places may outlive the admission.
    std::shared_ptr<Book> book_;
};

} // namespace webrocket
