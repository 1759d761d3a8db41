// What changes the model.
#include "delivery_model.h"

#include <tuple>
#include <utility>

namespace webrocket::test {

DeliveryModel::Item DeliveryModel::make(const DeliveryEvent &event) {
    if (events_of(0, true) == reserved_.size())
        progress_ = now_;
    Item item;
    item.event = event;
    item.arrival = ++arrivals_;
    item.aged_from = std::max(last_aged_from_, std::min(event.time_ms, now_));
    return item;
}

void DeliveryModel::restore_event(const DeliveryEvent &event, const DeliveryTries &tries,
                                  std::int64_t now) {
    at(now);
    if (find(event.sequence) != nullptr)
        return;
    Item item = make(event);
    last_aged_from_ = item.aged_from;
    item.attempt = std::max(tries.attempt, 1U);
    item.counted = tries.counted;
    item.reason = tries.reason;
    item.is_new = item.attempt == 1;
    const std::int64_t latest = now_ + (settings_.is_ordered ? 60'000 : 24 * 3'600'000);
    if (!item.is_new && tries.aged_from_ms != 0)
        item.aged_from = std::min(tries.aged_from_ms, latest);
    item.when = std::min(tries.ready_ms, latest);
    item.where = !item.is_new && item.when > now_ ? Where::delayed : Where::waiting;
    items_.push_back(item);
}

void DeliveryModel::restore_gap(std::uint64_t sequence, const DeliveryGap &gap) {
    if (find(sequence) != nullptr)
        return;
    Item item;
    item.is_gap = item.is_written = true;
    item.is_new = false;
    item.event.sequence = sequence;
    item.gap = gap;
    item.gap.number = ++gap_numbers_;
    items_.push_back(item);
}

void DeliveryModel::set_settings(const DeliverySettings &settings, std::int64_t now) {
    at(now);
    const bool is_ordered = settings_.is_ordered;
    settings_ = settings;
    settings_.is_ordered = is_ordered;
    end();
}

bool DeliveryModel::set_order(bool is_ordered, const EventKeys &keys) {
    if (!workers_.empty())
        return false;
    if (settings_.is_ordered != is_ordered)
        for (Item &item : items_)
            if (!item.is_gap)
                item.event.key =
                    is_ordered ? keys.key_of(item.seq(), item.event.cookie) : item.event.key;
    settings_.is_ordered = is_ordered;
    return true;
}

void DeliveryModel::set_last_filters(std::span<const std::uint32_t> filters) {
    if (workers_.empty())
        last_filters_.assign(filters.begin(), filters.end());
}

void DeliveryModel::give_place_back(const DeliveryEvent &event) {
    reserved_.erase(
        std::find_if(reserved_.begin(), reserved_.end(),
                     [&](const DeliveryEvent &other) { return other.sequence == event.sequence; }));
}

void DeliveryModel::add(const DeliveryEvent &event, bool has_reserved, std::int64_t now) {
    at(now);
    if (has_reserved)
        give_place_back(event);
    if (find(event.sequence) != nullptr)
        return;
    ++counts_.added;
    if (judge(event, now_) == DeliveryVerdict::dropped) {
        effects_.settled.push_back({event.sequence, event.cookie, event.topic, false});
        lose(event.sequence, GapReason::overflow, now_);
        return end();
    }
    if (refuses_nothing(now_)) {
        const std::uint64_t events = events_of(0, true);
        const std::uint64_t bytes = bytes_of(0, true);
        const auto needs_more = [&] {
            return is_full(event, true) ||
                   (is_at_bound_ &&
                    (events_of(0, true) == events || bytes - bytes_of(0, true) < event.bytes));
        };
        while (is_sender_over(event, true) && oldest(event.sender) != nullptr)
            lose_item(oldest(event.sender)->seq(), GapReason::overflow);
        while (needs_more() && oldest(0) != nullptr)
            lose_item(oldest(0)->seq(), GapReason::overflow);
    }
    Item item = make(event);
    last_aged_from_ = item.aged_from;
    items_.push_back(item);
    end();
}

bool DeliveryModel::requeue(const DeliveryEvent &event, std::uint32_t attempt, std::int64_t now) {
    at(now);
    if (find(event.sequence) != nullptr)
        return false;
    Item item = make(event);
    item.is_new = false;
    item.aged_from = now_;
    item.attempt = attempt + 1;
    effects_.attempts.push_back({event.sequence, {item.attempt, 0, ReturnReason::none, now_, 0}});
    items_.push_back(item);
    end();
    return true;
}

void DeliveryModel::lose(std::uint64_t sequence, GapReason reason, std::int64_t now) {
    at(now);
    add_gap({0, reason, sequence, sequence, 1, now_});
}

// It becomes part of what was lost for the same reason and is not written yet; or of the later of
// two that nobody was handed; or it is a new gap.
void DeliveryModel::add_gap(const DeliveryGap &gap) {
    counts_.lost += gap.count.value_or(0);
    Item *into = nullptr;
    std::vector<Item *> untold;
    for (Item &item : items_)
        if (item.is_gap && item.gap.reason == gap.reason) {
            if (!item.is_written)
                into = &item;
            else if (item.is_new && item.seq() != 0)
                untold.push_back(&item);
        }
    if (into == nullptr && untold.size() >= 2) {
        into = *std::max_element(untold.begin(), untold.end(), [](const Item *a, const Item *b) {
            return a->arrival < b->arrival;
        });
        settled(*into);
        into->event.sequence = 0;
        into->is_written = false;
    }
    if (into == nullptr) {
        Item item;
        item.is_gap = true;
        item.gap = gap;
        item.gap.number = ++gap_numbers_;
        items_.push_back(item);
        return;
    }
    if (gap.from != 0) {
        into->gap.from = into->gap.from == 0 ? gap.from : std::min(into->gap.from, gap.from);
        into->gap.to = std::max(into->gap.to, gap.to);
    }
    into->gap.count =
        into->gap.count && gap.count ? std::optional(*into->gap.count + *gap.count) : std::nullopt;
    into->gap.time_ms = gap.time_ms;
}

void DeliveryModel::name_gap(std::uint64_t number, std::uint64_t sequence) {
    if (sequence == 0 || find(sequence) != nullptr)
        return;
    for (Item &item : items_)
        if (item.is_gap && item.gap.number == number && item.is_written && item.seq() == 0) {
            item.event.sequence = sequence;
            item.arrival = ++arrivals_;
        }
    end();
}

void DeliveryModel::settled(const Item &item) {
    effects_.settled.push_back({item.seq(), item.is_gap ? 0 : item.event.cookie,
                                item.is_gap ? 0 : item.event.topic, item.is_gap});
}

void DeliveryModel::remove(std::uint64_t sequence) {
    std::erase_if(items_, [&](const Item &item) { return item.seq() == sequence; });
}

void DeliveryModel::lose_item(std::uint64_t sequence, GapReason reason) {
    settled(*find(sequence));
    remove(sequence);
    lose(sequence, reason, now_);
}

Joined DeliveryModel::join(const JoinRequest &request, std::int64_t now) {
    at(now);
    Worker *found = worker(request.name);
    const bool is_resumed = found != nullptr && found->told.stream == request.stream;
    if (is_resumed) {
        resume(*found, request);
    } else if (found != nullptr) {
        const bool was_connected = found->told.is_connected;
        effects_.ended.push_back({found->told.stream, found->connection,
                                  was_connected ? StreamEnd::replaced : StreamEnd::superseded});
        const auto why = was_connected ? ReturnReason::unhandled : ReturnReason::worker_lost;
        all_come_back(found->told.stream, why, why);
    } else {
        if (workers_.empty())
            progress_ = now_;
        workers_.emplace_back().told.name = request.name;
        std::sort(workers_.begin(), workers_.end(), [](const Worker &one, const Worker &other) {
            return one.told.name < other.told.name;
        });
        found = worker(request.name);
    }
    if (!is_resumed) {
        const std::string name = found->told.name;
        *found = {};
        found->told.name = name;
        found->told.stream = ++streams_;
        found->lease_ms = settings_.lease_ms;
        found->ack_deadline_ms = settings_.ack_deadline_ms;
    }
    found->told.window = request.window;
    found->told.filter = request.filter;
    ++found->connection;
    found->told.is_connected = true;
    last_filters_.clear();
    if (keeper_ == found->told.stream)
        keeper_ = 0;
    if (is_resumed)
        take_back_unread(*found);
    end();
    return {JoinObstacle::none, is_resumed,      found->told.stream,
            found->connection,  found->lease_ms, found->ack_deadline_ms};
}

void DeliveryModel::resume(Worker &worker, const JoinRequest &request) {
    if (worker.told.is_connected)
        effects_.ended.push_back({worker.told.stream, worker.connection, StreamEnd::resumed});
    worker.read_tag = request.tag;
    worker.resend_upto = worker.last_tag;
    for (Item &item : items_)
        if (item.where == Where::held && item.stream == worker.told.stream)
            item.when = now_ + worker.ack_deadline_ms;
}

void DeliveryModel::take_back_unread(Worker &worker) {
    const auto is_unread = [&](const Item &item) {
        return item.tag > worker.read_tag && item.tag <= worker.resend_upto;
    };
    std::vector<std::uint64_t> unread;
    for (const Item *item : held(worker.told.stream))
        if (is_unread(*item) && !item->is_gap &&
            !matcher_.matches(worker.told.filter, item->event.topic))
            unread.push_back(item->seq());
    for (const std::uint64_t sequence : unread)
        come_back(sequence, ReturnReason::unhandled, 0);
    for (auto hands = held(worker.told.stream);
         hands.size() > worker.told.window && is_unread(*hands.back());
         hands = held(worker.told.stream))
        come_back(hands.back()->seq(), ReturnReason::unhandled, 0);
}

void DeliveryModel::disconnect(std::uint64_t stream, std::uint64_t connection, std::int64_t now) {
    at(now);
    Worker *found = worker(stream);
    if (found == nullptr || !found->told.is_connected || found->connection != connection)
        return;
    found->told.is_connected = false;
    found->lease_until = now_ + found->lease_ms;
    if (keeper_ == stream)
        keeper_ = 0;
    end();
}

void DeliveryModel::send(Worker &worker, Item &item, std::vector<Delivery> &into) {
    item.where = Where::held;
    item.is_new = false;
    item.stream = worker.told.stream;
    item.tag = ++worker.last_tag;
    item.when = now_ + worker.ack_deadline_ms;
    Delivery made;
    made.sequence = item.seq();
    made.tag = item.tag;
    if (item.is_gap) {
        std::tie(made.reason, made.from, made.to, made.count) =
            std::tie(item.gap.reason, item.gap.from, item.gap.to, item.gap.count);
    } else {
        std::tie(made.cookie, made.attempt, made.topic) =
            std::tie(item.event.cookie, item.attempt, item.event.topic);
    }
    into.push_back(made);
}

void DeliveryModel::claim(std::uint64_t stream, std::size_t max, std::vector<Delivery> &into,
                          std::int64_t now) {
    at(now);
    Worker *found = worker(stream);
    if (found == nullptr || !found->told.is_connected)
        return;
    std::size_t left = max;
    for (; left > 0 && !settings_.is_paused && pending(*found) != nullptr; --left)
        send(*found, *find(pending(*found)->seq()), into);
    for (; left > 0 && choose(*found) != nullptr; --left) {
        Item &item = *find(choose(*found)->seq());
        counts_.redelivered += !item.is_gap && item.attempt > 1 ? 1 : 0;
        send(*found, item, into);
    }
    if (max > 0 && !settings_.is_paused)
        found->owes_turn = false;
    end();
}

// Out of somebody's hands.
void DeliveryModel::release(Item &item) {
    item.where = Where::waiting;
    if (item.is_alone() && item.stream == keeper_) {
        worker(keeper_)->owes_turn = true;
        keeper_ = 0;
    }
}

std::size_t DeliveryModel::acknowledge(std::uint64_t stream, std::uint64_t upto,
                                       std::span<const std::uint64_t> ids, std::int64_t now) {
    at(now);
    if (worker(stream) == nullptr)
        return ids.size() + (upto > 0 ? 1 : 0);
    std::size_t ignored = 0;
    const auto settle = [&](std::uint64_t sequence) {
        Item *item = find(sequence);
        if (item == nullptr || item->where != Where::held || item->stream != stream) {
            ++ignored;
            return;
        }
        release(*item);
        settled(*item);
        counts_.acknowledged += item->is_gap ? 0 : 1;
        progress_ = now_;
        remove(sequence);
    };
    std::vector<std::uint64_t> covered;
    for (const Item *item : held(stream))
        if (item->tag <= upto)
            covered.push_back(item->seq());
    for (const std::uint64_t sequence : covered)
        settle(sequence);
    for (const std::uint64_t sequence : ids)
        settle(sequence);
    end();
    return ignored;
}

std::size_t DeliveryModel::give_back(std::uint64_t stream, std::span<const std::uint64_t> ids,
                                     std::int64_t delay_ms, bool is_unhandled, std::int64_t now) {
    at(now);
    std::size_t ignored = 0;
    for (const std::uint64_t sequence : ids) {
        Item *item = worker(stream) == nullptr ? nullptr : find(sequence);
        if (item == nullptr || item->where != Where::held || item->stream != stream) {
            ++ignored;
            continue;
        }
        progress_ = now_;
        come_back(sequence, is_unhandled ? ReturnReason::unhandled : ReturnReason::nack,
                  settings_.is_ordered ? std::min<std::int64_t>(delay_ms, 60'000) : delay_ms);
    }
    end();
    return ignored;
}

std::size_t DeliveryModel::extend(std::uint64_t stream, std::span<const std::uint64_t> ids,
                                  std::int64_t now) {
    at(now);
    std::size_t ignored = 0;
    for (const std::uint64_t sequence : ids) {
        Item *item = worker(stream) == nullptr ? nullptr : find(sequence);
        if (item != nullptr && item->where == Where::held && item->stream == stream)
            item->when = now_ + worker(stream)->ack_deadline_ms;
        else
            ++ignored;
    }
    return ignored;
}

void DeliveryModel::come_back(std::uint64_t sequence, ReturnReason reason, std::int64_t delay_ms) {
    Item &item = *find(sequence);
    release(item);
    item.where = delay_ms > 0 ? Where::delayed : Where::waiting;
    item.when = now_ + delay_ms;
    if (item.is_gap)
        return;
    if (reason > ReturnReason::unhandled) {
        ++item.counted;
        item.reason = reason;
        if (item.counted >= settings_.max_deliver) {
            ++counts_.dead_letters;
            effects_.dead_letters.push_back(
                {sequence, item.event.cookie, item.event.topic, item.attempt, reason});
            return remove(sequence);
        }
    }
    ++item.attempt;
    item.aged_from += delay_ms;
    if (item.aged_from + settings_.max_age_ms <= now_)
        return lose_item(sequence, GapReason::expired);
    effects_.attempts.push_back(
        {sequence,
         {item.attempt, item.counted, item.reason, item.aged_from, delay_ms > 0 ? item.when : 0}});
}

void DeliveryModel::all_come_back(std::uint64_t stream, ReturnReason first, ReturnReason others) {
    std::vector<std::uint64_t> all;
    for (const Item *item : held(stream))
        all.push_back(item->seq());
    for (const std::uint64_t sequence : all)
        come_back(sequence, std::exchange(first, others), 0);
}

void DeliveryModel::leave_filter(std::uint32_t filter) {
    const auto has = [&](bool is_connected) {
        return std::any_of(workers_.begin(), workers_.end(), [&](const Worker &one) {
            return is_connected ? one.told.is_connected : one.told.filter == filter;
        });
    };
    if (!has(true) && !has(false))
        last_filters_.push_back(filter);
}

void DeliveryModel::advance(std::int64_t now) {
    at(now);
    for (Item &item : items_)
        if (item.where == Where::delayed && item.when <= now_)
            item.where = Where::waiting;
    for (const Worker &one : workers_) {
        const auto hands = held(one.told.stream);
        std::vector<std::uint64_t> late;
        for (const Item *item : hands)
            if (item->when <= now_)
                late.push_back(item->seq());
        if (!one.told.is_connected || late.empty())
            continue;
        if (late.front() == hands.front()->seq())
            all_come_back(one.told.stream, ReturnReason::deadline, ReturnReason::unhandled);
        else
            for (const std::uint64_t sequence : late)
                come_back(sequence, ReturnReason::unhandled, 0);
    }
    const std::vector<Worker> before = workers_;
    for (const Worker &one : before)
        if (!one.told.is_connected && one.lease_until <= now_) {
            effects_.ended.push_back({one.told.stream, one.connection, StreamEnd::lease_over});
            all_come_back(one.told.stream, ReturnReason::worker_lost, ReturnReason::worker_lost);
            std::erase_if(workers_, [&](const Worker &other) {
                return other.told.stream == one.told.stream;
            });
            leave_filter(one.told.filter);
            if (workers_.empty())
                memberless_since_ = now_;
        }
    while (oldest(0) != nullptr && oldest(0)->aged_from + settings_.max_age_ms <= now_)
        lose_item(oldest(0)->seq(), GapReason::expired);
    end();
}

DeliveryEffects DeliveryModel::take_effects() {
    for (Item &item : items_)
        if (item.is_gap && !std::exchange(item.is_written, true))
            effects_.gaps.push_back(item.gap);
    return std::exchange(effects_, {});
}

} // namespace webrocket::test
