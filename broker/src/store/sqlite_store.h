// The store in one SQLite file. It is held exclusively: a second broker on the same storage would
// serve what the first one has already changed.
#pragma once

#include "store/sqlite_group_store.h"
#include "store/store.h"

#include <filesystem>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

struct sqlite3;

namespace webrocket {

class SqliteStore final : public Store {
  public:
    // Throws std::runtime_error with a message for the operator.
    explicit SqliteStore(const std::filesystem::path &file,
                         const DeadLetterTotals &dead_letters = dead_letters_max);
    ~SqliteStore() override;

    std::string name() const override { return file_.string(); }
    void begin() override;
    void commit() override;
    void roll_back() noexcept override;

    std::vector<StoredVhost> load() override;
    void add_vhost(std::string_view path, std::string_view access_token) override;
    void remove_vhost(std::string_view path) override;
    void remove_all_vhosts() override;
    void set_access_token(std::string_view path, std::string_view access_token) override;
    void add_channel(std::string_view vhost, std::string_view channel) override;
    void remove_channel(std::string_view vhost, std::string_view channel) override;
    void remove_all_channels(std::string_view vhost) override;
    GroupStore &groups() override;

  private:
    void open();
    void prepare(const DeadLetterTotals &dead_letters);
    void execute(const char *sql);
    void run(const char *sql, std::initializer_list<std::string_view> values);
    int schema_version();
    void require_integrity();
    void migrate();
    std::vector<StoredVhost> read_all();

    struct Close {
        void operator()(sqlite3 *database) const;
    };
    std::filesystem::path file_;
    std::unique_ptr<sqlite3, Close> database_;
    std::unique_ptr<SqliteGroupStore> groups_; // of that database
};

} // namespace webrocket
