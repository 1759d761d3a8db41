// One statement of SQLite's, with its parameters and its rows.
#pragma once

#include "store/store.h"

#include <cstddef>
#include <cstdint>
#include <sqlite3.h>
#include <string>
#include <string_view>

namespace webrocket {

class SqliteStatement {
  public:
    SqliteStatement(sqlite3 *database, const char *sql) : database_(database) {
        require(sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr));
    }
    ~SqliteStatement() { sqlite3_finalize(statement_); }
    SqliteStatement(const SqliteStatement &) = delete;
    SqliteStatement &operator=(const SqliteStatement &) = delete;

    // In the order of the parameters. A text has to outlive the statement.
    void bind(std::string_view text) {
        require(sqlite3_bind_text(statement_, ++bound_, text.data(), static_cast<int>(text.size()),
                                  SQLITE_STATIC));
    }
    void bind(std::int64_t number) { require(sqlite3_bind_int64(statement_, ++bound_, number)); }
    void bind(std::uint64_t number) { bind(static_cast<std::int64_t>(number)); }
    void bind(std::uint32_t number) { bind(static_cast<std::int64_t>(number)); }
    // Null where there is none.
    void bind(const std::string *text) {
        if (text != nullptr)
            bind(*text);
        else
            require(sqlite3_bind_null(statement_, ++bound_));
    }

    bool next_row() {
        const int result = sqlite3_step(statement_);
        if (result == SQLITE_ROW)
            return true;
        if (result != SQLITE_DONE)
            throw StoreError(sqlite3_errmsg(database_));
        return false;
    }
    void run() {
        while (next_row()) {
        }
    }

    std::string text(int column) const {
        const auto *bytes = reinterpret_cast<const char *>(sqlite3_column_text(statement_, column));
        const int length = sqlite3_column_bytes(statement_, column);
        return bytes == nullptr ? std::string()
                                : std::string(bytes, static_cast<std::size_t>(length));
    }
    bool is_null(int column) const {
        return sqlite3_column_type(statement_, column) == SQLITE_NULL;
    }
    std::int64_t number(int column) const { return sqlite3_column_int64(statement_, column); }
    std::uint64_t unsigned_number(int column) const {
        return static_cast<std::uint64_t>(number(column));
    }

  private:
    void require(int result) {
        if (result != SQLITE_OK)
            throw StoreError(sqlite3_errmsg(database_));
    }

    sqlite3 *database_;
    sqlite3_stmt *statement_ = nullptr;
    int bound_ = 0;
};

} // namespace webrocket
