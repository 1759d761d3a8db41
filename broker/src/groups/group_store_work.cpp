#include "groups/group_store_work.h"

#include "groups/reason_names.h"
#include "store/group_store.h"
#include "store/store.h"

#include <memory>
#include <utility>

namespace webrocket {
namespace {

StoreWork work(std::function<void(Store &)> carry_out) {
    return {std::move(carry_out), [](bool) {}};
}

} // namespace

StoreWork skip_numbers(std::uint32_t last) {
    return work([last](Store &store) { store.groups().skip_numbers(last); });
}

StoreWork set_last_filters(std::uint32_t group, std::vector<std::string> filters) {
    return work([group, filters = std::move(filters)](Store &store) {
        store.groups().set_last_filters(group, filters);
    });
}

StoreWork set_without_member_since(std::uint32_t group, std::int64_t since_ms) {
    return work([group, since_ms](Store &store) {
        store.groups().set_without_member_since(group, since_ms);
    });
}

StoreWork add_dead_letter(StoredDeadLetter letter, std::function<void(bool, std::size_t)> done) {
    const auto displaced = std::make_shared<std::size_t>(0);
    return {[letter = std::move(letter), displaced](Store &store) {
                *displaced = store.groups().add_dead_letter(letter);
            },
            [displaced, done = std::move(done)](bool is_stored) { done(is_stored, *displaced); }};
}

StoredDeadLetter dead_letter_row(std::uint32_t group, const std::string &epoch,
                                 const DeadLetterToStore &letter) {
    const EventTexts texts = letter.event->texts();
    StoredDeadLetter row;
    row.group = group;
    row.epoch = epoch;
    row.sequence = letter.sequence;
    row.attempt = letter.attempt;
    row.reason = name_of(letter.reason);
    row.time_ms = letter.event->time_ms();
    row.dead_ms = wall_clock_ms();
    row.topic = texts.topic;
    row.sid = texts.sid;
    row.has_uid = texts.uid.has_value();
    row.uid = texts.uid.value_or("");
    row.channel = texts.channel;
    row.address = texts.address;
    row.ref = texts.ref;
    row.record = *letter.event->record();
    return row;
}

} // namespace webrocket
