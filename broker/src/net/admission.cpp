#include "net/admission.h"

#include "base/message_rate.h"

#include <boost/smart_ptr/intrusive_ref_counter.hpp>
#include <map>
#include <mutex>
#include <utility>

namespace webrocket {

struct Admission::Book : boost::intrusive_ref_counter<Book> {
    std::mutex mutex;
    AdmissionLimits limits;
    std::size_t in_all = 0;
    std::map<ClientAddress, std::size_t> by_address;
    std::map<ClientAddress, MessageRate> rates;
};

Admission::Place::Place() noexcept = default;

Admission::Place::Place(const boost::intrusive_ptr<Book> &book, bool in_all,
                        const std::optional<ClientAddress> &address) noexcept
    : book_(book), address_(address.value_or(ClientAddress())), of_address_(address.has_value()),
      in_all_(in_all) {}

Admission::Place::Place(Place &&other) noexcept = default;

Admission::Place &Admission::Place::operator=(Place &&other) noexcept {
    if (this == &other)
        return *this;
    give_back();
    book_ = std::move(other.book_);
    address_ = other.address_;
    of_address_ = other.of_address_;
    in_all_ = other.in_all_;
    return *this;
}

Admission::Place::~Place() { give_back(); }

void Admission::Place::give_back() noexcept {
    if (!book_)
        return;
    const auto book = std::move(book_);
    const std::lock_guard lock(book->mutex);
    if (in_all_)
        --book->in_all;
    if (!of_address_)
        return;
    const auto found = book->by_address.find(address_);
    if (--found->second == 0)
        book->by_address.erase(found);
}

void Admission::Place::pass_to(Place client) noexcept {
    if (!client)
        return;
    client.in_all_ = client.in_all_ || std::exchange(in_all_, false);
    *this = std::move(client);
}

Admission::Admission(const AdmissionLimits &limits) : book_(new Book) { book_->limits = limits; }

Admission::~Admission() = default;

AdmissionLimits Admission::limits() const {
    const std::lock_guard lock(book_->mutex);
    return book_->limits;
}

void Admission::set_limits(const AdmissionLimits &limits) {
    const std::lock_guard lock(book_->mutex);
    // Each has been made for the rate before.
    if (limits.handshakes_per_second_max != book_->limits.handshakes_per_second_max)
        book_->rates.clear();
    book_->limits = limits;
}

Admission::Answer Admission::admit(const ClientAddress &address) { return admit(&address); }

Admission::Answer Admission::admit_proxy() { return admit(nullptr); }

Admission::Answer Admission::admit(const ClientAddress *address) {
    std::optional<ClientAddress> network;
    if (address != nullptr)
        network = address->network();
    const std::lock_guard lock(book_->mutex);
    if (book_->in_all >= book_->limits.connections_max)
        return {Verdict::full, {}};
    if (network) {
        if (book_->by_address[*network] >= book_->limits.per_address_max)
            return {Verdict::too_many_of_address, {}};
        ++book_->by_address[*network];
    }
    ++book_->in_all;
    return {Verdict::admitted, Place(book_, true, network)};
}

Admission::Place Admission::claim(const ClientAddress &address) {
    const auto network = address.network();
    const std::lock_guard lock(book_->mutex);
    std::size_t &count = book_->by_address[network];
    if (count >= book_->limits.per_address_max)
        return {};
    ++count;
    return {book_, false, network};
}

bool Admission::allows_handshake(const ClientAddress &address) {
    // With so many others, what was remembered of each is of no use.
    constexpr std::size_t addresses_max = 10000;
    const std::lock_guard lock(book_->mutex);
    const RateLimit limit(book_->limits.handshakes_per_second_max);
    if (!limit.exists())
        return true;
    auto &rates = book_->rates;
    if (rates.size() >= addresses_max)
        rates.clear();
    const auto now = MessageRate::Clock::now(); // under the lock: time does not run backwards
    MessageRate &rate = rates.try_emplace(address.network(), limit, now).first->second;
    return rate.allows(limit, 1, now);
}

} // namespace webrocket
