#include "net/admission.h"

#include <optional>
#include <utility>

namespace webrocket {

struct Admission::Book {
    std::mutex mutex;
    AdmissionLimits limits;
    std::size_t in_all = 0;
    std::map<ClientAddress, std::size_t> by_address;
    std::map<ClientAddress, MessageRate> rates;
};

class Admission::Kept {
  public:
    Kept(std::shared_ptr<Book> book, bool in_all, std::optional<ClientAddress> address)
        : book_(std::move(book)), in_all_(in_all), address_(address) {}
    Kept(const Kept &) = delete;
    Kept &operator=(const Kept &) = delete;
    ~Kept() {
        const std::lock_guard lock(book_->mutex);
        if (in_all_)
            --book_->in_all;
        if (!address_)
            return;
        const auto found = book_->by_address.find(*address_);
        if (--found->second == 0)
            book_->by_address.erase(found);
    }

  private:
    std::shared_ptr<Book> book_;
    bool in_all_;
    std::optional<ClientAddress> address_;
};

Admission::Admission(const AdmissionLimits &limits) : book_(std::make_shared<Book>()) {
    book_->limits = limits;
}

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
        return {Verdict::full, nullptr};
    if (network) {
        if (book_->by_address[*network] >= book_->limits.per_address_max)
            return {Verdict::too_many_of_address, nullptr};
    }
    Answer answer{Verdict::admitted, std::make_shared<const Kept>(book_, true, network)};
    ++book_->in_all;
    if (network)
        ++book_->by_address[*network];
    return answer;
}

Admission::Place Admission::claim(const ClientAddress &address) {
    const auto network = address.network();
    const std::lock_guard lock(book_->mutex);
    std::size_t &count = book_->by_address[network];
    if (count >= book_->limits.per_address_max)
        return nullptr;
    auto kept = std::make_shared<const Kept>(book_, false, network);
    ++count;
    return kept;
}

bool Admission::allows_handshake(const ClientAddress &address) {
    // With so many others, what was remembered of each is of no use.
    constexpr std::size_t addresses_max = 10000;
    const std::lock_guard lock(book_->mutex);
    const std::size_t per_second = book_->limits.handshakes_per_second_max;
    if (per_second == 0)
        return true;
    auto &rates = book_->rates;
    if (rates.size() >= addresses_max)
        rates.clear();
    MessageRate &rate = rates.try_emplace(address.network(), per_second).first->second;
    // Not read before: to a rate that has just begun, or was asked meanwhile, it would be the past.
    return rate.allows(1, MessageRate::Clock::now());
}

} // namespace webrocket
