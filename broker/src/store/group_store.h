// What must survive a restart of reliable groups: settings, filters, dead letters. Events that are
// still to be handled are in the log. A part of the Store: the same thread, the same transactions,
// and StoreError where something could not be read or written.
#pragma once

#include "store/stored_group.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace webrocket {

class GroupStore {
  public:
    virtual ~GroupStore() = default;

    // By number.
    virtual std::vector<StoredGroup> load_groups() = 0;
    virtual std::optional<StoredGroup> find_group(std::string_view vhost,
                                                  std::string_view name) = 0;
    // One whose number is 0 gets the next, which no group has had. `last_filters` and
    // `without_member_since_ms` of one that is there stay: they have functions of their own.
    virtual void put_group(StoredGroup &group) = 0;
    // With its dead letters.
    virtual void remove_group(std::uint32_t number) = 0;
    // No group gets `last`, or a number below it, from now on: it may be that a log knows such a
    // number, and this store does not.
    virtual void skip_numbers(std::uint32_t last) = 0;
    virtual void set_last_filters(std::uint32_t number,
                                  const std::vector<std::string> &filters) = 0;
    // 0: it has a member.
    virtual void set_without_member_since(std::uint32_t number, std::int64_t since_ms) = 0;

    // Takes the place of the one with its id, if there is one. How many of the group's oldest have
    // gone for it.
    virtual std::size_t add_dead_letter(const StoredDeadLetter &letter) = 0;
    // Those behind the place `after` (0: from the first), in the order in which they were stored:
    // `count_max` at most, and none more once their records have `bytes_max`.
    virtual std::vector<StoredDeadLetter> dead_letters(std::uint32_t group, std::uint64_t after,
                                                       std::size_t count_max,
                                                       std::uint64_t bytes_max) = 0;
    virtual std::optional<StoredDeadLetter>
    find_dead_letter(std::uint32_t group, std::string_view epoch, std::uint64_t sequence) = 0;
    // By its place, so that one which has died again meanwhile stays. Whether it was there.
    virtual bool remove_dead_letter(std::uint32_t group, std::uint64_t place) = 0;
    // How many there were.
    virtual std::size_t remove_dead_letters(std::uint32_t group) = 0;
    virtual DeadLetterTotals dead_letter_totals(std::uint32_t group) = 0;
};

} // namespace webrocket
