#include "worker/event.h"

#include <cstring>
#include <new>

#include "base/process.h"

namespace {

char *put(char *at, std::string_view text) noexcept {
    if (!text.empty())
        std::memcpy(at, text.data(), text.size());
    at[text.size()] = '\0';
    return at + text.size() + 1;
}

const char *c_text(const std::optional<std::string> &text) noexcept {
    return text ? text->c_str() : nullptr;
}

} // namespace

kn_event *kn_event::create(std::string_view topic, std::string_view id, std::string_view data) {
    const std::size_t slash = topic.find('/');
    const std::string_view channel =
        slash == std::string_view::npos ? std::string_view() : topic.substr(0, slash);
    const std::size_t size = topic.size() + channel.size() + id.size() + data.size() + 4;
    auto *event = new (::operator new(sizeof(kn_event) + size)) kn_event();
    event->generation_ = kn::process_generation();
    char *const begin = event->text();
    char *at = put(begin, topic);
    event->name_at_ = slash == std::string_view::npos ? 0 : slash + 1;
    event->channel_at_ = static_cast<std::size_t>(at - begin);
    at = put(at, channel);
    event->id_at_ = static_cast<std::size_t>(at - begin);
    at = put(at, id);
    event->data_at_ = static_cast<std::size_t>(at - begin);
    put(at, data);
    event->data_size_ = data.size();
    return event;
}

void kn_event::release() noexcept {
    // Whoever holds the only reference need not pay for counting it down.
    if (references_.load(std::memory_order_acquire) != 1 &&
        references_.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    this->~kn_event();
    ::operator delete(this);
}

const kn::Sender *kn_event::sender() const noexcept {
    const kn::Sender *known = sender_.load(std::memory_order_acquire);
    if (known != nullptr)
        return known;
    try {
        auto read = std::make_unique<const kn::Sender>(kn::read_sender({data(), data_size()}));
        // Two threads may both have read it; the first one's stays.
        if (sender_.compare_exchange_strong(known, read.get(), std::memory_order_acq_rel))
            return read.release();
        return known;
    } catch (const std::bad_alloc &) {
        return nullptr;
    }
}

const char *kn_event::uid() const noexcept {
    const kn::Sender *from = sender();
    return from != nullptr ? c_text(from->uid) : nullptr;
}

const char *kn_event::sid() const noexcept {
    const kn::Sender *from = sender();
    return from != nullptr ? c_text(from->sid) : nullptr;
}
