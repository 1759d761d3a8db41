#include "store/change_writer.h"

#include "base/secrets.h"
#include "base/without_exceptions.h"
#include "store/group_store.h"
#include "store/store.h"

#include <algorithm>
#include <csignal>
#include <map>
#include <optional>
#include <pthread.h>
#include <set>
#include <spdlog/spdlog.h>
#include <utility>

namespace webrocket {
namespace {

bool concerns_one_channel(const Change &change) {
    return change.kind == Change::Kind::open_channel || change.kind == Change::Kind::close_channel;
}

bool makes_secret(const Change &change) {
    return change.kind == Change::Kind::add_vhost ||
           change.kind == Change::Kind::renew_access_token;
}

bool is_work(const StoreWork &work) { return work.carry_out != nullptr; }

void put_group(GroupStore &store, Change &change) {
    auto &[name, wish, stored, is_new] = change.group;
    auto found = store.find_group(change.vhost, name);
    is_new = !found;
    stored = std::move(found).value_or(StoredGroup());
    stored.vhost = change.vhost;
    stored.name = name;
    wish.apply_to(stored.settings);
    store.put_group(stored);
    // Those of its members no longer count, as long as none is there to say so.
    if (wish.filter && !stored.last_filters.empty()) {
        stored.last_filters.clear();
        store.set_last_filters(stored.number, {});
    }
}

void remove_group(GroupStore &store, Change &change) {
    if (auto found = store.find_group(change.vhost, change.group.name)) {
        store.remove_group(found->number);
        change.group.stored = std::move(*found);
    }
}

void write(Store &store, Change &change, const std::string &secret) {
    switch (change.kind) {
    case Change::Kind::add_vhost:
        store.add_vhost(change.vhost, secret);
        return;
    case Change::Kind::remove_vhost:
        store.remove_vhost(change.vhost);
        return;
    case Change::Kind::remove_all_vhosts:
        store.remove_all_vhosts();
        return;
    case Change::Kind::renew_access_token:
        store.set_access_token(change.vhost, secret);
        return;
    case Change::Kind::open_channel:
        store.add_channel(change.vhost, change.channel);
        return;
    case Change::Kind::close_channel:
        store.remove_channel(change.vhost, change.channel);
        return;
    case Change::Kind::close_all_channels:
        store.remove_all_channels(change.vhost);
        return;
    case Change::Kind::add_group:
    case Change::Kind::put_group:
        put_group(store.groups(), change);
        return;
    case Change::Kind::remove_group:
        remove_group(store.groups(), change);
        return;
    }
}

void block_all_signals() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
}

} // namespace

ChangeWriter::ChangeWriter(Store &store, ChangeTarget &target)
    : store_(store), target_(target), thread_([this] { run(); }) {}

ChangeWriter::~ChangeWriter() {
    {
        const std::lock_guard lock(mutex_);
        ending_ = true;
    }
    submitted_.notify_one();
    thread_.join();
}

void ChangeWriter::submit(Change change, ChangeDone done) {
    add({std::move(change), std::move(done), {}, {}, Outcome::done, false});
}

void ChangeWriter::submit(StoreWork work) {
    add({{}, nullptr, std::move(work), {}, Outcome::done, false});
}

void ChangeWriter::add(Submission submission) {
    {
        const std::lock_guard lock(mutex_);
        submissions_.push_back(std::move(submission));
    }
    submitted_.notify_one();
}

std::size_t ChangeWriter::backlog() const {
    const std::lock_guard lock(mutex_);
    return submissions_.size() + in_progress_;
}

void ChangeWriter::run() {
    block_all_signals();
    pthread_setname_np(pthread_self(), "storage");
    Submissions submissions;
    while (true) {
        {
            std::unique_lock lock(mutex_);
            in_progress_ = 0;
            submitted_.wait(lock, [this] { return ending_ || !submissions_.empty(); });
            if (submissions_.empty())
                return;
            submissions.swap(submissions_);
            in_progress_ = submissions.size();
        }
        try {
            carry_out(submissions);
        } catch (const std::exception &error) {
            give_up(submissions, error);
        }
        submissions.clear();
    }
}

// Changes of different channels do not depend on each other: they share a transaction, and so the
// wait for the disk. So does work that comes together. Every other change goes alone.
void ChangeWriter::carry_out(Submissions &submissions) {
    Submission *first = submissions.data();
    Submission *const end = first + submissions.size();
    while (first != end) {
        Submission *const change = std::find_if_not(
            first, end, [](const auto &submission) { return is_work(submission.work); });
        if (change != first) {
            work_together(first, change);
            first = change;
            continue;
        }
        std::set<std::pair<std::string_view, std::string_view>> channels;
        Submission *last = first;
        while (last != end && !is_work(last->work) && concerns_one_channel(last->change) &&
               channels.emplace(last->change.vhost, last->change.channel).second)
            ++last;
        if (last == first)
            ++last;
        carry_out_together(first, last);
        first = last;
    }
}

void ChangeWriter::carry_out_together(Submission *first, Submission *last) {
    std::map<std::string_view, std::size_t> opening;
    for (Submission *it = first; it != last; ++it) {
        auto &opening_there = opening[it->change.vhost];
        it->outcome = target_.obstacle(it->change, opening_there);
        if (it->outcome == Outcome::done && it->change.kind == Change::Kind::open_channel)
            ++opening_there;
    }
    store_together(first, last);
    for (Submission *it = first; it != last; ++it) {
        if (it->outcome == Outcome::done)
            target_.apply(it->change, it->secret);
        target_.record(it->change, it->outcome);
        it->is_made = true;
        it->done(it->outcome);
        it->done = nullptr;
    }
}

// Out of memory, most likely. Whoever still waits for an answer gets one, also who could not be
// given theirs; what is in the storage by then counts from the next start on.
void ChangeWriter::give_up(Submissions &submissions, const std::exception &error) noexcept {
    without_exceptions([&] { spdlog::error("changes failed: {}", error.what()); });
    for (auto &submission : submissions)
        give_up(submission);
}

void ChangeWriter::give_up(Submission &submission) noexcept {
    without_exceptions([&] {
        if (submission.done)
            submission.done(submission.is_made ? submission.outcome : Outcome::not_stored);
        if (submission.work.done)
            submission.work.done(submission.is_made && submission.outcome == Outcome::done);
    });
}

void ChangeWriter::store_together(Submission *first, Submission *last) {
    try {
        StoreTransaction transaction(store_);
        for (Submission *it = first; it != last; ++it) {
            if (it->outcome != Outcome::done)
                continue;
            if (makes_secret(it->change))
                it->secret = random_hex(vhost_token_length);
            write(store_, it->change, it->secret);
        }
        transaction.commit();
    } catch (const std::exception &error) {
        spdlog::error("nothing changed: {}", error.what());
        for (Submission *it = first; it != last; ++it) {
            if (it->outcome == Outcome::done)
                it->outcome = Outcome::not_stored;
        }
    }
}

void ChangeWriter::work_together(Submission *first, Submission *last) {
    if (!does_work(first, last) && last - first > 1) {
        for (Submission *it = first; it != last; ++it)
            does_work(it, it + 1);
    }
    for (Submission *it = first; it != last; ++it) {
        if (it->work.done)
            it->work.done(it->outcome == Outcome::done);
        it->work.done = nullptr;
    }
}

// All of it, or nothing.
bool ChangeWriter::does_work(Submission *first, Submission *last) {
    auto outcome = Outcome::done;
    try {
        StoreTransaction transaction(store_);
        for (Submission *it = first; it != last; ++it)
            it->work.carry_out(store_);
        transaction.commit();
    } catch (const StoreError &error) {
        spdlog::error("nothing was stored: {}", error.what());
        outcome = Outcome::not_stored;
    }
    for (Submission *it = first; it != last; ++it) {
        it->outcome = outcome;
        it->is_made = true;
    }
    return outcome == Outcome::done;
}

} // namespace webrocket
