#include "worker/event.h"

#include <cstring>
#include <new>

#include "base/process.h"
#include "worker/ledger.h"

namespace {

char *put(char *at, std::string_view text) noexcept {
    if (!text.empty())
        std::memcpy(at, text.data(), text.size());
    at[text.size()] = '\0';
    return at + text.size() + 1;
}

// What is needed for texts with their NULs.

std::size_t size_of_rest(std::string_view id, std::string_view data) noexcept {
    return id.size() + data.size() + 2;
}

const char *c_text(const std::optional<std::string> &text) noexcept {
    return text ? text->c_str() : nullptr;
}

} // namespace

struct kn_event::Topic {
    explicit Topic(std::string_view topic) noexcept : whole(topic) {
        const std::size_t slash = topic.find('/');
        if (slash == std::string_view::npos)
            return;
        channel = whole.substr(0, slash);
        name_at = slash + 1;
    }
    std::size_t size() const noexcept { return whole.size() + channel.size() + 2; }

    std::string_view whole;
    std::string_view channel;
    std::size_t name_at = 0;
};

void kn_event::write_topic(const Topic &topic) noexcept {
    char *const begin = text();
    name_at_ = topic.name_at;
    char *at = put(begin, topic.whole);
    channel_at_ = static_cast<std::size_t>(at - begin);
    at = put(at, topic.channel);
    id_at_ = static_cast<std::size_t>(at - begin);
}

void kn_event::write_rest(std::string_view id, std::string_view data) noexcept {
    char *const begin = text();
    char *const at = put(begin + id_at_, id);
    data_at_ = static_cast<std::size_t>(at - begin);
    put(at, data);
    data_size_ = data.size();
}

kn_event *kn_event::create(std::string_view topic, std::string_view id, std::string_view data) {
    const Topic parts(topic);
    const std::size_t room = parts.size() + size_of_rest(id, data);
    auto *event = new (::operator new(sizeof(kn_event) + room)) kn_event(room);
    event->generation_ = kn::process_generation();
    event->write_topic(parts);
    event->write_rest(id, data);
    return event;
}

bool kn_event::remake(std::string_view topic, std::string_view id, std::string_view data) noexcept {
    const std::size_t rest = size_of_rest(id, data);
    if (topic == topic_view()) { // which is often so
        if (room_ - id_at_ < rest)
            return false;
    } else {
        const Topic parts(topic);
        if (parts.size() + rest > room_)
            return false;
        write_topic(parts);
    }
    write_rest(id, data);
    if (const kn::Sender *const of_last = sender_.load(std::memory_order_relaxed)) {
        delete of_last;
        sender_.store(nullptr, std::memory_order_relaxed);
    }
    return true;
}

void kn_event::release() noexcept {
    // Whoever holds the only reference need not pay for counting it down.
    if (references_.load(std::memory_order_acquire) != 1 &&
        references_.fetch_sub(1, std::memory_order_acq_rel) != 1)
        return;
    if (delivery_ != nullptr)
        release_delivery();
    this->~kn_event();
    ::operator delete(this);
}

void kn_event::attach(const kn::DeliveryNote &note, const std::shared_ptr<kn::Ledger> &by) {
    delivery_ = new kn::Delivery(note);
    delivery_->ledger = by;
}

/// A forked child has no part in what its parent owes, and the lock may be another thread's.
void kn_event::release_delivery() noexcept {
    if (generation_ == kn::process_generation())
        kn::Ledger::release(*delivery_);
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
