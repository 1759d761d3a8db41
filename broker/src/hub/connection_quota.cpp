#include "hub/connection_quota.h"

namespace webrocket {

ConnectionQuota::Slot ConnectionQuota::take() {
    if (count_->taken.fetch_add(1) < max_.load())
        return Slot(count_);
    count_->taken.fetch_sub(1);
    return {};
}

} // namespace webrocket
