// Reliable groups and their dead letters in the SQLite file of the store.
#pragma once

#include "store/group_store.h"

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

namespace webrocket {

class SqliteGroupStore final : public GroupStore {
  public:
    // `file` is for messages.
    SqliteGroupStore(sqlite3 &database, std::string file, const DeadLetterTotals &bounds)
        : database_(&database), file_(std::move(file)), bounds_(bounds) {}

    // After what was counted has been undone.
    void forget_totals() noexcept { totals_.clear(); }

    std::vector<StoredGroup> load_groups() override;
    std::optional<StoredGroup> find_group(std::string_view vhost, std::string_view name) override;
    void put_group(StoredGroup &group) override;
    void remove_group(std::uint32_t number) override;
    void skip_numbers(std::uint32_t last) override;
    void set_last_filters(std::uint32_t number, const std::vector<std::string> &filters) override;
    void set_without_member_since(std::uint32_t number, std::int64_t since_ms) override;
    std::size_t add_dead_letter(const StoredDeadLetter &letter) override;
    std::vector<StoredDeadLetter> dead_letters(std::uint32_t group, std::uint64_t after,
                                               std::size_t count_max,
                                               std::uint64_t bytes_max) override;
    std::optional<StoredDeadLetter> find_dead_letter(std::uint32_t group, std::string_view epoch,
                                                     std::uint64_t sequence) override;
    bool remove_dead_letter(std::uint32_t group, std::uint64_t place) override;
    std::size_t remove_dead_letters(std::uint32_t group) override;
    DeadLetterTotals dead_letter_totals(std::uint32_t group) override;

  private:
    template <typename... Values>
    void write(const char *sql, const Values &...values);
    // `take` is asked for each row until it has enough.
    template <typename Take, typename... Values>
    void read(const char *sql, const Take &take, const Values &...values);
    std::uint32_t next_number();
    bool has_group(std::uint32_t number);
    std::vector<std::string> filters_of(std::uint32_t number);
    // Reads them once; then it counts along.
    DeadLetterTotals &totals_of(std::uint32_t group);
    std::size_t remove_what_is_too_much(std::uint32_t group);

    sqlite3 *database_;
    std::string file_;
    DeadLetterTotals bounds_; // of one group
    std::map<std::uint32_t, DeadLetterTotals> totals_;
};

} // namespace webrocket
