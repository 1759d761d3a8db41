#include "store/sqlite_store.h"

#include "base/private_file.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <fmt/format.h>
#include <fstream>
#include <map>
#include <sqlite3.h>

namespace webrocket {
namespace {

// What has been done to the schema, in order: the n-th entry leads to version n. Never change one
// that was released; add another. Foreign keys let a vhost take its channels along.
constexpr std::array migrations = {
    R"(
CREATE TABLE vhost (
    path TEXT PRIMARY KEY,
    access_token TEXT NOT NULL
) WITHOUT ROWID;
CREATE TABLE channel (
    vhost TEXT NOT NULL REFERENCES vhost (path) ON DELETE CASCADE,
    name TEXT NOT NULL,
    PRIMARY KEY (vhost, name)
) WITHOUT ROWID;
)",
};
constexpr int schema_version_known = static_cast<int>(migrations.size());

class Statement {
  public:
    Statement(sqlite3 *database, const char *sql) : database_(database) {
        if (sqlite3_prepare_v2(database, sql, -1, &statement_, nullptr) != SQLITE_OK)
            throw StoreError(sqlite3_errmsg(database));
    }
    ~Statement() { sqlite3_finalize(statement_); }
    Statement(const Statement &) = delete;
    Statement &operator=(const Statement &) = delete;

    void bind(int position, std::string_view text) {
        // The text outlives the statement in every use below.
        if (sqlite3_bind_text(statement_, position, text.data(), static_cast<int>(text.size()),
                              SQLITE_STATIC) != SQLITE_OK)
            throw StoreError(sqlite3_errmsg(database_));
    }

    bool next_row() {
        const int result = sqlite3_step(statement_);
        if (result == SQLITE_ROW)
            return true;
        if (result != SQLITE_DONE)
            throw StoreError(sqlite3_errmsg(database_));
        return false;
    }

    std::string text(int column) const {
        const auto *bytes = reinterpret_cast<const char *>(sqlite3_column_text(statement_, column));
        const int length = sqlite3_column_bytes(statement_, column);
        return bytes == nullptr ? std::string()
                                : std::string(bytes, static_cast<std::size_t>(length));
    }

    int number(int column) const { return sqlite3_column_int(statement_, column); }

  private:
    sqlite3 *database_;
    sqlite3_stmt *statement_ = nullptr;
};

// SQLite reads what is missing of a last page as zeros, and a few bytes as no database at all.
// While there is a log, the rest may be in that.
void require_whole_pages(const std::filesystem::path &file) {
    std::error_code problem;
    const auto log_size = std::filesystem::file_size(file.string() + "-wal", problem);
    const bool has_log = !problem && log_size > 0;
    const auto size = std::filesystem::file_size(file, problem);
    if (has_log || problem || size == 0)
        return;
    constexpr std::size_t header_size = 100;
    std::array<char, header_size> header{};
    std::ifstream(file, std::ios::binary).read(header.data(), header.size());
    const auto byte = [&header](std::size_t at) {
        return static_cast<std::uintmax_t>(static_cast<unsigned char>(header.at(at)));
    };
    // Two bytes, in which 1 stands for 65536.
    const auto stated = byte(16) << 8 | byte(17);
    const std::uintmax_t page_size = stated == 1 ? 65536 : stated;
    if (size < header_size || page_size == 0 || size % page_size != 0)
        throw StoreError("it is cut off, or not a database");
}

} // namespace

void SqliteStore::Close::operator()(sqlite3 *database) const { sqlite3_close_v2(database); }

SqliteStore::SqliteStore(const std::filesystem::path &file) : file_(file) {
    // The tokens in it are secrets. SQLite gives its log the mode of the database.
    ensure_private_file(file_);
    try {
        require_whole_pages(file_);
        open();
        prepare();
    } catch (const StoreError &error) {
        const bool busy = database_ && sqlite3_errcode(database_.get()) == SQLITE_BUSY;
        throw StoreError("cannot use " + file_.string() + ": " +
                         (busy ? "another process is using it" : error.what()));
    }
}

void SqliteStore::open() {
    sqlite3 *database = nullptr;
    const int result = sqlite3_open_v2(file_.c_str(), &database,
                                       SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, nullptr);
    database_.reset(database);
    if (result != SQLITE_OK)
        throw StoreError(database == nullptr ? "out of memory" : sqlite3_errmsg(database));
}

void SqliteStore::prepare() {
    execute("PRAGMA locking_mode = EXCLUSIVE");
    execute("PRAGMA journal_mode = WAL");
    execute("PRAGMA synchronous = FULL");
    execute("PRAGMA foreign_keys = ON");
    require_integrity();
    migrate();
    // Takes the exclusive lock now rather than with the first change.
    execute("BEGIN EXCLUSIVE; COMMIT");
    // Only the broker's own connections have SQLite watch the references.
    execute("DELETE FROM channel WHERE vhost NOT IN (SELECT path FROM vhost)");
}

SqliteStore::~SqliteStore() = default;

void SqliteStore::require_integrity() {
    Statement check(database_.get(), "PRAGMA quick_check(1)");
    std::string verdict = check.next_row() ? check.text(0) : "no answer";
    std::replace(verdict.begin(), verdict.end(), '\n', ' ');
    if (verdict != "ok")
        throw StoreError("it is damaged: " + verdict);
}

// Each step is a transaction with its version in it: one that fails or is cut off has not happened.
void SqliteStore::migrate() {
    int version = schema_version();
    if (version < 0)
        throw StoreError("its schema has no version that there ever was");
    if (version > schema_version_known)
        throw StoreError(fmt::format("it was written by a newer version of the broker (schema {}, "
                                     "this one knows {})",
                                     version, schema_version_known));
    for (; version < schema_version_known; ++version) {
        const std::string step =
            fmt::format("BEGIN IMMEDIATE;{};PRAGMA user_version = {};COMMIT",
                        migrations.at(static_cast<std::size_t>(version)), version + 1);
        execute(step.c_str());
    }
}

int SqliteStore::schema_version() {
    Statement statement(database_.get(), "PRAGMA user_version");
    return statement.next_row() ? statement.number(0) : 0;
}

void SqliteStore::execute(const char *sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        throw StoreError(sqlite3_errmsg(database_.get()));
}

void SqliteStore::run(const char *sql, std::initializer_list<std::string_view> values) {
    try {
        Statement statement(database_.get(), sql);
        int position = 0;
        for (const auto value : values)
            statement.bind(++position, value);
        while (statement.next_row()) {
        }
    } catch (const StoreError &error) {
        throw StoreError("cannot store in " + file_.string() + ": " + error.what());
    }
}

void SqliteStore::begin() { run("BEGIN IMMEDIATE", {}); }

void SqliteStore::commit() { run("COMMIT", {}); }

void SqliteStore::roll_back() noexcept {
    // A failed transaction may have been rolled back by SQLite itself.
    if (sqlite3_get_autocommit(database_.get()) == 0)
        sqlite3_exec(database_.get(), "ROLLBACK", nullptr, nullptr, nullptr);
}

std::vector<StoredVhost> SqliteStore::load() {
    try {
        return read_all();
    } catch (const StoreError &error) {
        throw StoreError("cannot read " + file_.string() + ": " + error.what());
    }
}

std::vector<StoredVhost> SqliteStore::read_all() {
    std::map<std::string, StoredVhost> by_path;
    Statement vhosts(database_.get(), "SELECT path, access_token FROM vhost");
    while (vhosts.next_row())
        by_path[vhosts.text(0)] = {vhosts.text(0), vhosts.text(1), {}};
    Statement channels(database_.get(), "SELECT vhost, name FROM channel");
    while (channels.next_row())
        by_path[channels.text(0)].channels.push_back(channels.text(1));
    std::vector<StoredVhost> all;
    all.reserve(by_path.size());
    for (auto &entry : by_path)
        all.push_back(std::move(entry.second));
    return all;
}

void SqliteStore::add_vhost(std::string_view path, std::string_view access_token) {
    run("INSERT INTO vhost (path, access_token) VALUES (?, ?)", {path, access_token});
}

void SqliteStore::remove_vhost(std::string_view path) {
    run("DELETE FROM vhost WHERE path = ?", {path});
}

void SqliteStore::remove_all_vhosts() { run("DELETE FROM vhost", {}); }

void SqliteStore::set_access_token(std::string_view path, std::string_view access_token) {
    run("UPDATE vhost SET access_token = ? WHERE path = ?", {access_token, path});
}

void SqliteStore::add_channel(std::string_view vhost, std::string_view channel) {
    run("INSERT INTO channel (vhost, name) VALUES (?, ?)", {vhost, channel});
}

void SqliteStore::remove_channel(std::string_view vhost, std::string_view channel) {
    run("DELETE FROM channel WHERE vhost = ? AND name = ?", {vhost, channel});
}

void SqliteStore::remove_all_channels(std::string_view vhost) {
    run("DELETE FROM channel WHERE vhost = ?", {vhost});
}

} // namespace webrocket
