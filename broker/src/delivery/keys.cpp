#include "delivery/keys.h"

namespace webrocket::group_state {

std::uint32_t Keys::come(std::uint64_t hash) {
    if (hash == 0)
        return nothing;
    std::uint32_t key = key_of_hash_.find(hash);
    if (key == FlatMap::none) {
        key = static_cast<std::uint32_t>(keys_.size());
        if (free_keys_.empty()) {
            keys_.emplace_back();
        } else {
            key = free_keys_.back();
            free_keys_.pop_back();
        }
        keys_[key].hash = hash;
        key_of_hash_.insert(hash, key);
    }
    ++keys_[key].events;
    return key;
}

void Keys::leave(std::uint32_t key) {
    if (--keys_[key].events != 0)
        return;
    key_of_hash_.erase(keys_[key].hash);
    keys_[key] = {};
    free_keys_.push_back(key);
    if (key_of_hash_.size() == 0 && keys_.size() > kept_slots) {
        std::vector<Key>().swap(keys_);
        std::vector<std::uint32_t>().swap(free_keys_);
    }
}

void Keys::wait(EntryIndex index) {
    Entry &entry = pool_[index];
    entry.place = EntryPlace::behind_key;
    Line &fresh = keys_[entry.key].fresh;
    if (!entry.is_new)
        early_.emplace(std::pair{entry.key, entry.sequence}, index);
    else if (!fresh.empty() && entry.number < pool_[fresh.first()].number)
        fresh.push_front(pool_, index); // it was the first, until one came back
    else
        fresh.push_back(pool_, index);
}

void Keys::stop_waiting(EntryIndex index) {
    Entry &entry = pool_[index];
    entry.place = EntryPlace::nowhere;
    if (entry.is_new)
        keys_[entry.key].fresh.remove(pool_, index);
    else
        early_.erase({entry.key, entry.sequence});
}

EntryIndex Keys::first_waiting(std::uint32_t key) const {
    const auto early = early_.lower_bound({key, 0});
    return early != early_.end() && early->first.first == key ? early->second
                                                              : keys_[key].fresh.first();
}

void Keys::empty() {
    early_.clear();
    for (Key &key : keys_) {
        key.fresh = {};
        key.delayed = 0;
        if (key.current != nothing && pool_[key.current].place != EntryPlace::held)
            key.current = nothing;
    }
}

} // namespace webrocket::group_state
