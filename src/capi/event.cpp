#include "worker/event.h"
#include "capi/boundary.h"
#include "worker/ledger.h"

using kn::Failure;
using kn::capi::guarded;
using kn::capi::required;

namespace {

void require_own_process(const kn_event *event) {
    if (required(event, "the event")->generation() != kn::process_generation())
        throw Failure(KN_EFORK, "the event was received before this process was forked");
}

/// NULL where delivery is at most once, or there is no event.
const kn::Delivery *delivery_of(const kn_event *event) noexcept {
    return event != nullptr ? event->delivery() : nullptr;
}

/// The broker keeps none for longer.
constexpr int64_t longest_delay_ms = int64_t{24} * 60 * 60 * 1000;

kn_status given_back(kn_event *event, int64_t delay_ms, bool is_unhandled) {
    return guarded([&]() -> kn_status {
        require_own_process(event);
        if (delay_ms < 0 || delay_ms > longest_delay_ms)
            throw Failure(KN_EINVAL, "a delay is 0 ms to a day");
        kn::Delivery *const delivery = event->delivery();
        if (delivery == nullptr)
            return KN_ESTATE; // an event that is delivered at most once cannot be given back
        return delivery->ledger->give_back(*delivery, {kn::milliseconds(delay_ms), is_unhandled});
    });
}

} // namespace

int32_t kn_event_kind(const kn_event *event) {
    const kn::Delivery *const delivery = delivery_of(event);
    return delivery != nullptr && delivery->is_gap ? KN_EVENT_GAP : KN_EVENT_MESSAGE;
}

int32_t kn_event_attempt(const kn_event *event) {
    if (const kn::Delivery *const delivery = delivery_of(event))
        return delivery->attempt;
    return event != nullptr ? 1 : 0;
}

const char *kn_event_ref(const kn_event *event) {
    const kn::Delivery *const delivery = delivery_of(event);
    return delivery != nullptr && delivery->ref_text[0] != '\0' ? delivery->ref_text.data()
                                                                : nullptr;
}

int64_t kn_event_time_ms(const kn_event *event) {
    const kn::Delivery *const delivery = delivery_of(event);
    return delivery != nullptr ? delivery->time_ms : -1;
}

const char *kn_event_topic(const kn_event *event) {
    return event != nullptr ? event->topic() : nullptr;
}

const char *kn_event_channel(const kn_event *event) {
    return event != nullptr ? event->channel() : nullptr;
}

const char *kn_event_name(const kn_event *event) {
    return event != nullptr ? event->name() : nullptr;
}

const char *kn_event_id(const kn_event *event) { return event != nullptr ? event->id() : nullptr; }

const char *kn_event_uid(const kn_event *event) {
    return event != nullptr ? event->uid() : nullptr;
}

const char *kn_event_sid(const kn_event *event) {
    return event != nullptr ? event->sid() : nullptr;
}

const char *kn_event_data(const kn_event *event, size_t *length) {
    if (length != nullptr)
        *length = event != nullptr ? event->data_size() : 0;
    return event != nullptr ? event->data() : nullptr;
}

kn_event *kn_event_retain(kn_event *event) {
    if (event != nullptr)
        event->retain();
    return event;
}

void kn_event_free(kn_event *event) {
    if (event != nullptr)
        event->release();
}

kn_status kn_event_defer(kn_event *event) {
    return guarded([&] {
        require_own_process(event);
        if (!event->is_in_handler())
            throw Failure(KN_ESTATE, "only the event's handler can defer the answer");
        if (kn::Delivery *const delivery = event->delivery())
            delivery->ledger->defer(*delivery);
        return KN_OK;
    });
}

kn_status kn_event_ack(kn_event *event) {
    return guarded([&] {
        require_own_process(event);
        kn::Delivery *const delivery = event->delivery();
        return delivery != nullptr ? delivery->ledger->acknowledge(*delivery) : KN_OK;
    });
}

kn_status kn_event_nack(kn_event *event, int64_t delay_ms) {
    return given_back(event, delay_ms, false);
}

kn_status kn_event_decline(kn_event *event, int64_t delay_ms) {
    return given_back(event, delay_ms, true);
}

kn_status kn_event_extend(kn_event *event) {
    return guarded([&]() -> kn_status {
        require_own_process(event);
        kn::Delivery *const delivery = event->delivery();
        return delivery != nullptr ? delivery->ledger->extend(*delivery) : KN_ESTATE;
    });
}
