// Who gets one more connection: there are so many in all, so many for each address, and so many new
// WebSockets of each a second.
#pragma once

#include "base/client_address.h"

#include <boost/smart_ptr/intrusive_ptr.hpp>
#include <cstddef>
#include <optional>

namespace webrocket {

struct AdmissionLimits {
    std::size_t connections_max = 100000;
    std::size_t per_address_max = 50000;
    std::size_t handshakes_per_second_max = 0; // of one address; 0: as many as it likes
};

// Any thread.
class Admission {
    struct Book;

  public:
    // Given back when it is gone. Small, since each connection has one, and may outlive the
    // admission.
    class Place {
      public:
        Place() noexcept;
        Place(Place &&other) noexcept;
        Place &operator=(Place &&other) noexcept;
        ~Place();

        explicit operator bool() const { return book_ != nullptr; }
        void give_back() noexcept;
        // A proxy's becomes that of the one client for which it goes on.
        void pass_to(Place client) noexcept;

      private:
        friend class Admission;
        Place(const boost::intrusive_ptr<Book> &book, bool in_all,
              const std::optional<ClientAddress> &address) noexcept;

        boost::intrusive_ptr<Book> book_; // null when there is nothing to give back
        ClientAddress address_;
        bool of_address_ = false;
        bool in_all_ = false;
    };
    enum class Verdict { admitted, full, too_many_of_address };
    struct Answer {
        Verdict verdict;
        Place place;
    };

    explicit Admission(const AdmissionLimits &limits);
    ~Admission();
    Admission(const Admission &) = delete;
    Admission &operator=(const Admission &) = delete;

    AdmissionLimits limits() const;
    // For those that come from now on.
    void set_limits(const AdmissionLimits &limits);

    // A connection of the port.
    Answer admit(const ClientAddress &address);
    // One whose own address says nothing of its clients, which are counted with claim().
    Answer admit_proxy();
    // One of the clients behind a proxy; none when it has as many as it may.
    Place claim(const ClientAddress &address);

    bool allows_handshake(const ClientAddress &address);

  private:
    Answer admit(const ClientAddress *address);

    boost::intrusive_ptr<Book> book_;
};

} // namespace webrocket
