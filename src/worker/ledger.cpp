#include "worker/ledger.h"

#include <algorithm>
#include <array>
#include <bit>
#include <functional>
#include <iterator>
#include <limits>
#include <utility>

namespace kn {
namespace {

constexpr milliseconds longest_debt{20};

/// No request names more.
constexpr std::size_t most_ids = 1000;

/// Acknowledgements without a stream. Those before were for events that others have got by now.
constexpr std::size_t most_remembered = 10'000;

constexpr std::size_t fewest_buckets = 64;

void append_id(std::string &text, const Delivery &one, bool is_first) {
    text += is_first ? R"(,"ids":[")" : R"(",")";
    text += one.id();
}

} // namespace

Ledger::Ledger(std::int32_t window, const Reactor &bell)
    : half_window_(std::max<std::size_t>(static_cast<std::size_t>(window) / 2, 1)), bell_(&bell),
      buckets_(std::bit_ceil(std::max(static_cast<std::size_t>(window), fewest_buckets))) {}

Ledger::~Ledger() { revoke(); }

DeliveryList *Ledger::list_of(Place place) noexcept {
    switch (place) {
    case Place::queued:
    case Place::held:
        return &open_;
    case Place::outdated:
        return &outdated_;
    case Place::acknowledged:
        return &to_acknowledge_;
    case Place::given_back:
        return &to_give_back_;
    case Place::sent:
        return &sent_;
    case Place::remembered:
        return &remembered_;
    case Place::nowhere:
        break;
    }
    return nullptr;
}

Delivery **Ledger::bucket_of(std::string_view id) noexcept {
    return &buckets_[std::hash<std::string_view>()(id) & (buckets_.size() - 1)];
}

Delivery *Ledger::find(std::string_view id) noexcept {
    Delivery *one = *bucket_of(id);
    while (one != nullptr && one->id() != id)
        one = one->next_in_bucket;
    return one;
}

/// Behind all others that are there.
void Ledger::move(Delivery &one, Place to) noexcept {
    if (one.place == Place::held)
        held_.fetch_sub(1, relaxed);
    if (std::exchange(one.wants_extension, false))
        --extensions_;
    if (DeliveryList *const from = list_of(one.place))
        from->remove(one);
    one.place = to;
    if (DeliveryList *const where = list_of(to))
        where->push_back(one);
    if (to == Place::held)
        held_.fetch_add(1, relaxed);
}

void Ledger::forget(Delivery &one) noexcept {
    move(one, Place::nowhere);
    Delivery **at = bucket_of(one.id());
    while (*at != nullptr && *at != &one)
        at = &(*at)->next_in_bucket;
    if (*at != nullptr)
        *at = one.next_in_bucket;
    if (!one.has_event)
        delete &one;
}

void Ledger::forget_all(DeliveryList &of) noexcept {
    while (Delivery *const one = of.front())
        forget(*one);
}

// ---- Any thread ----

/// KN_OK: the event was handed over, has no answer, and the broker waits for one.
kn_status Ledger::answerable(Delivery &one) noexcept {
    if (one.is_answered)
        return KN_ESTATE;
    if (one.place == Place::held)
        return KN_OK;
    one.is_answered = true;
    if (one.place == Place::outdated)
        forget(one);
    return KN_CLOSED;
}

kn_status Ledger::acknowledge(Delivery &one) noexcept {
    const std::lock_guard lock(mutex_);
    const kn_status answer = answerable(one);
    if (answer != KN_OK)
        return one.is_gap ? KN_OK : answer;
    one.is_answered = true;
    acknowledged_.fetch_add(1, relaxed);
    owe(one, Place::acknowledged);
    return KN_OK;
}

kn_status Ledger::give_back(Delivery &one, GivingBack how) noexcept {
    const std::lock_guard lock(mutex_);
    const kn_status answer = answerable(one);
    if (answer != KN_OK)
        return answer;
    one.is_answered = true;
    one.how = how;
    given_back_.fetch_add(1, relaxed);
    owe(one, Place::given_back);
    return KN_OK;
}

kn_status Ledger::extend(Delivery &one) noexcept {
    const std::lock_guard lock(mutex_);
    if (one.is_answered)
        return KN_ESTATE;
    if (one.place != Place::held)
        return KN_CLOSED;
    if (!std::exchange(one.wants_extension, true)) {
        ++extensions_;
        note_debt();
    }
    return KN_OK;
}

void Ledger::defer(Delivery &one) noexcept {
    const std::lock_guard lock(mutex_);
    one.is_deferred = true;
}

void Ledger::release(Delivery &one) noexcept {
    // The last event may be what keeps it.
    const std::shared_ptr<Ledger> keeper = std::move(one.ledger);
    keeper->free_event_of(one);
}

void Ledger::free_event_of(Delivery &one) noexcept {
    const std::lock_guard lock(mutex_);
    one.has_event = false;
    switch (one.place) {
    case Place::nowhere:
        delete &one;
        return;
    case Place::queued:
    case Place::outdated:
        forget(one);
        return;
    case Place::held:
        one.is_answered = true;
        one.how = GivingBack::after_failure(one.attempt);
        given_back_.fetch_add(1, relaxed);
        owe(one, Place::given_back);
        return;
    default:
        return;
    }
}

void Ledger::owe(Delivery &one, Place what) noexcept {
    move(one, what);
    note_debt();
}

void Ledger::note_debt() noexcept {
    const std::size_t debts = owed() + extensions_;
    if (debts == 1)
        first_debt_at_ = Clock::now();
    const bool is_news = debts == 1 || debts == half_window_ || is_answered_at_once_;
    if (is_news && !is_driver_awake_ && bell_ != nullptr) {
        is_driver_awake_ = true;
        bell_->ring();
    }
}

// ---- Driver ----

bool Ledger::is_new(const DeliveryNote &note) noexcept {
    const std::lock_guard lock(mutex_);
    Delivery *const one = find(note.id);
    if (one == nullptr)
        return true;
    const bool was_tried_again = note.attempt > one->attempt;
    one->tag = note.tag;
    switch (one->place) {
    case Place::queued:
        one->attempt = note.attempt;
        [[fallthrough]];
    case Place::held:
        open_.remove(*one); // and so to the end, where the highest tags are
        open_.push_back(*one);
        return false;
    case Place::outdated:
        move(*one, Place::held);
        return false;
    case Place::remembered:
        owe(*one, Place::acknowledged);
        return false;
    case Place::sent:
        if (under_way_ == Kind::give_back && was_tried_again) {
            forget(*one); // it has arrived
            return true;
        }
        one->has_come_again = true;
        return false;
    default:
        return false; // the answer that is owed is for this one
    }
}

void Ledger::enter(Delivery &one) noexcept {
    const std::lock_guard lock(mutex_);
    Delivery **const bucket = bucket_of(one.id());
    one.next_in_bucket = *bucket;
    *bucket = &one;
    move(one, Place::queued);
}

void Ledger::hand_over(Delivery &one) noexcept {
    const std::lock_guard lock(mutex_);
    if (one.place == Place::queued) {
        one.place = Place::held;
        held_.fetch_add(1, relaxed);
    }
}

bool Ledger::is_left_open(const Delivery &one) noexcept {
    const std::lock_guard lock(mutex_);
    return !one.is_answered && !one.is_deferred;
}

void Ledger::extend_waiting(Delivery &one) noexcept {
    const std::lock_guard lock(mutex_);
    if (one.place == Place::queued && !std::exchange(one.wants_extension, true)) {
        ++extensions_;
        note_debt();
    }
}

void Ledger::begin_stream(bool is_answered_at_once) noexcept {
    const std::lock_guard lock(mutex_);
    is_answered_at_once_ = is_answered_at_once;
    while (Delivery *const one = open_.front()) {
        if (one->place == Place::held)
            move(*one, Place::outdated);
        else
            forget(*one);
    }
    while (Delivery *const one = to_acknowledge_.front())
        remember(*one);
    forget_all(to_give_back_); // they come again, and are tried again
    is_sent_outdated_ = true;
}

void Ledger::remember(Delivery &one) noexcept {
    move(one, Place::remembered);
    if (remembered_.size() > most_remembered)
        forget(*remembered_.front());
}

void Ledger::close() noexcept {
    const std::lock_guard lock(mutex_);
    if (std::exchange(is_closed_, true))
        return;
    forget_all(outdated_);
    forget_all(remembered_);
    while (Delivery *const one = open_.front()) {
        one->how = {milliseconds(0), true};
        owe(*one, Place::given_back);
    }
}

void Ledger::revoke() noexcept {
    const std::lock_guard lock(mutex_);
    for (DeliveryList *const each :
         {&open_, &outdated_, &to_acknowledge_, &to_give_back_, &sent_, &remembered_})
        forget_all(*each);
    under_way_ = Kind::nothing;
}

void Ledger::detach() noexcept {
    {
        const std::lock_guard lock(mutex_);
        bell_ = nullptr;
    }
    revoke();
}

Deadline Ledger::rest() noexcept {
    const std::lock_guard lock(mutex_);
    is_driver_awake_ = false;
    return due_locked();
}

void Ledger::wake_up() noexcept {
    const std::lock_guard lock(mutex_);
    is_driver_awake_ = true;
}

Deadline Ledger::due() noexcept {
    const std::lock_guard lock(mutex_);
    return due_locked();
}

Deadline Ledger::due_locked() const noexcept {
    if (under_way_ != Kind::nothing || owed() + extensions_ == 0)
        return std::nullopt;
    const bool is_urgent = is_answered_at_once_ || is_closed_ || owed() >= half_window_;
    return is_urgent ? first_debt_at_ : first_debt_at_ + longest_debt;
}

bool Ledger::owes_nothing() noexcept {
    const std::lock_guard lock(mutex_);
    return owed() == 0 && under_way_ != Kind::acknowledge && under_way_ != Kind::give_back;
}

// ---- Requests ----

auto Ledger::compose(std::string &text) -> Kind {
    const std::lock_guard lock(mutex_);
    if (under_way_ != Kind::nothing)
        return Kind::nothing;
    switch (next_kind()) {
    case Kind::acknowledge:
        under_way_ = compose_acknowledgement(text);
        break;
    case Kind::give_back:
        under_way_ = compose_giving_back(text);
        break;
    case Kind::extend:
        under_way_ = compose_extension(text);
        break;
    case Kind::nothing:
        break;
    }
    last_ = under_way_;
    is_sent_outdated_ = false;
    return under_way_;
}

/// The kinds take turns, or a busy worker would never come to ask for more time.
auto Ledger::next_kind() const noexcept -> Kind {
    const auto is_owed = [this](Kind what) {
        return what == Kind::acknowledge ? !to_acknowledge_.is_empty()
               : what == Kind::give_back ? !to_give_back_.is_empty()
                                         : extensions_ != 0;
    };
    constexpr std::array turns{Kind::acknowledge, Kind::give_back, Kind::extend};
    const auto *const last = std::find(turns.begin(), turns.end(), last_);
    const auto first = last == turns.end() ? 0 : last - turns.begin() + 1;
    for (std::ptrdiff_t i = 0; i < std::ssize(turns); ++i) {
        const Kind what = turns[static_cast<std::size_t>((first + i) % std::ssize(turns))];
        if (is_owed(what))
            return what;
    }
    return Kind::nothing;
}

std::uint64_t Ledger::lowest_unacknowledged() const noexcept {
    std::uint64_t lowest = std::numeric_limits<std::uint64_t>::max();
    if (const Delivery *const first = open_.front())
        lowest = first->tag;
    for (const Delivery *one = to_give_back_.front(); one != nullptr; one = one->behind)
        lowest = std::min(lowest, one->tag);
    return lowest;
}

/// What came before the first that is not to be acknowledged needs no names.
auto Ledger::compose_acknowledgement(std::string &text) -> Kind {
    const std::uint64_t limit = lowest_unacknowledged();
    std::uint64_t upto = 0;
    std::size_t ids = 0;
    for (const Delivery *one = to_acknowledge_.front(); one != nullptr; one = one->behind) {
        if (one->tag < limit)
            upto = std::max(upto, one->tag);
        else if (ids < most_ids)
            append_id(text, *one, ids++ == 0);
    }
    if (ids != 0)
        text += "\"]";
    if (upto != 0)
        text += ",\"upto\":" + std::to_string(upto);
    std::size_t named = 0;
    for (Delivery *one = to_acknowledge_.front(); one != nullptr;) {
        Delivery *const next = one->behind;
        if (one->tag < limit || named++ < most_ids)
            move(*one, Place::sent);
        one = next;
    }
    return Kind::acknowledge;
}

/// Those that are given back in the same way as the first.
auto Ledger::compose_giving_back(std::string &text) -> Kind {
    const GivingBack how = to_give_back_.front()->how;
    std::size_t ids = 0;
    const auto is_in = [&](const Delivery &one, std::size_t &count) {
        return one.how == how && count < most_ids && ++count != 0;
    };
    for (const Delivery *one = to_give_back_.front(); one != nullptr; one = one->behind)
        if (is_in(*one, ids))
            append_id(text, *one, ids == 1);
    text += "\"],\"delay_ms\":" + std::to_string(how.delay.count());
    if (how.is_unhandled)
        text += ",\"unhandled\":true";
    std::size_t moved = 0;
    for (Delivery *one = to_give_back_.front(); one != nullptr;) {
        Delivery *const next = one->behind;
        if (is_in(*one, moved))
            move(*one, Place::sent);
        one = next;
    }
    return Kind::give_back;
}

auto Ledger::compose_extension(std::string &text) -> Kind {
    std::size_t ids = 0;
    for (const Delivery *one = open_.front(); one != nullptr && ids < most_ids; one = one->behind)
        if (one->wants_extension)
            append_id(text, *one, ids++ == 0);
    text += "\"]";
    for (Delivery *one = open_.front(); one != nullptr && ids != 0; one = one->behind) {
        if (!std::exchange(one->wants_extension, false))
            continue;
        one->is_being_extended = true;
        --extensions_;
        --ids;
    }
    return Kind::extend;
}

void Ledger::conclude(Fate how) noexcept {
    const std::lock_guard lock(mutex_);
    const Kind what = std::exchange(under_way_, Kind::nothing);
    if (what == Kind::extend)
        conclude_extension(how);
    const bool is_outdated = std::exchange(is_sent_outdated_, false);
    const Place again = what == Kind::acknowledge ? Place::acknowledged : Place::given_back;
    while (Delivery *const one = sent_.front()) {
        const bool is_owed =
            std::exchange(one->has_come_again, false) || (how == Fate::lost && !is_outdated);
        if (is_owed)
            owe(*one, again);
        else if (how == Fate::lost && what == Kind::acknowledge)
            remember(*one);
        else
            forget(*one);
    }
}

void Ledger::conclude_extension(Fate how) noexcept {
    for (Delivery *one = open_.front(); one != nullptr; one = one->behind)
        if (std::exchange(one->is_being_extended, false) && how == Fate::lost &&
            !std::exchange(one->wants_extension, true)) {
            ++extensions_;
            note_debt();
        }
}

} // namespace kn
