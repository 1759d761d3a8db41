#include "client/subscribers.hpp"

namespace {

const kn_subscribers::subscriber *find(const kn_subscribers *page, size_t index) noexcept {
    return page != nullptr ? page->at(index) : nullptr;
}

} // namespace

size_t kn_subscribers_count(const kn_subscribers *page) {
    return page != nullptr ? page->all.size() : 0;
}

const char *kn_subscribers_sid(const kn_subscribers *page, size_t index) {
    const auto *found = find(page, index);
    return found != nullptr ? found->sid.c_str() : nullptr;
}

const char *kn_subscribers_uid(const kn_subscribers *page, size_t index) {
    const auto *found = find(page, index);
    return found != nullptr && found->uid ? found->uid->c_str() : nullptr;
}

int32_t kn_subscribers_hidden(const kn_subscribers *page, size_t index) {
    const auto *found = find(page, index);
    return found != nullptr && found->is_hidden ? 1 : 0;
}

const char *kn_subscribers_data(const kn_subscribers *page, size_t index, size_t *length) {
    const auto *found = find(page, index);
    if (length != nullptr)
        *length = found != nullptr ? found->data.size() : 0;
    return found != nullptr ? found->data.c_str() : nullptr;
}

const char *kn_subscribers_next(const kn_subscribers *page) {
    return page != nullptr && page->next ? page->next->c_str() : nullptr;
}

void kn_subscribers_free(kn_subscribers *page) { delete page; }
