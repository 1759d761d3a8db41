#include "hub/connection_quota.h"

#include <utility>

namespace webrocket {
namespace {

class TakenSlot {
  public:
    explicit TakenSlot(std::shared_ptr<std::atomic<std::size_t>> taken)
        : taken_(std::move(taken)), number_(taken_->fetch_add(1) + 1) {}
    ~TakenSlot() { taken_->fetch_sub(1); }
    TakenSlot(const TakenSlot &) = delete;
    TakenSlot &operator=(const TakenSlot &) = delete;

    // How many are taken with it.
    std::size_t number() const { return number_; }

  private:
    std::shared_ptr<std::atomic<std::size_t>> taken_;
    const std::size_t number_;
};

} // namespace

ConnectionQuota::Slot ConnectionQuota::take() {
    auto slot = std::make_shared<const TakenSlot>(taken_);
    return slot->number() <= max_.load() ? std::move(slot) : nullptr;
}

} // namespace webrocket
