#include "store/sqlite_store.h"

#include "base/private_file.h"
#include "store/sqlite_statement.h"

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
    // A number is never given twice, so the last one is kept. Of a dead letter the size comes
    // before what is large, and is read without that.
    R"(
CREATE TABLE group_number (
    last INTEGER NOT NULL
);
INSERT INTO group_number (last) VALUES (0);
CREATE TABLE worker_group (
    number INTEGER PRIMARY KEY,
    vhost TEXT NOT NULL REFERENCES vhost (path) ON DELETE CASCADE,
    name TEXT NOT NULL,
    filter TEXT NOT NULL,
    "order" TEXT NOT NULL,
    lease_ms INTEGER NOT NULL,
    ack_deadline_ms INTEGER NOT NULL,
    max_deliver INTEGER NOT NULL,
    max_events INTEGER NOT NULL,
    max_bytes INTEGER NOT NULL,
    max_age_ms INTEGER NOT NULL,
    overflow TEXT NOT NULL,
    paused TEXT NOT NULL,
    without_member_since_ms INTEGER NOT NULL DEFAULT 0,
    UNIQUE (vhost, name)
);
CREATE TABLE group_filter (
    number INTEGER NOT NULL REFERENCES worker_group (number) ON DELETE CASCADE,
    filter TEXT NOT NULL,
    PRIMARY KEY (number, filter)
) WITHOUT ROWID;
CREATE TABLE dead_letter (
    place INTEGER PRIMARY KEY AUTOINCREMENT,
    number INTEGER NOT NULL REFERENCES worker_group (number) ON DELETE CASCADE,
    epoch TEXT NOT NULL,
    sequence INTEGER NOT NULL,
    size INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    time_ms INTEGER NOT NULL,
    dead_ms INTEGER NOT NULL,
    reason TEXT NOT NULL,
    topic TEXT NOT NULL,
    sid TEXT NOT NULL,
    uid TEXT,
    channel TEXT NOT NULL,
    address TEXT NOT NULL,
    ref TEXT NOT NULL,
    record TEXT NOT NULL,
    UNIQUE (number, epoch, sequence)
);
CREATE INDEX dead_letter_of_group ON dead_letter (number, place, size);
)",
};
constexpr int schema_version_known = static_cast<int>(migrations.size());

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

SqliteStore::SqliteStore(const std::filesystem::path &file, const DeadLetterTotals &dead_letters)
    : file_(file) {
    // The tokens in it are secrets. SQLite gives its log the mode of the database.
    ensure_private_file(file_);
    try {
        require_whole_pages(file_);
        open();
        prepare(dead_letters);
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

void SqliteStore::prepare(const DeadLetterTotals &dead_letters) {
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
    execute("DELETE FROM worker_group WHERE vhost NOT IN (SELECT path FROM vhost)");
    groups_ = std::make_unique<SqliteGroupStore>(*database_, file_.string(), dead_letters);
}

SqliteStore::~SqliteStore() = default;

void SqliteStore::require_integrity() {
    SqliteStatement check(database_.get(), "PRAGMA quick_check(1)");
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
    SqliteStatement statement(database_.get(), "PRAGMA user_version");
    return statement.next_row() ? static_cast<int>(statement.number(0)) : 0;
}

void SqliteStore::execute(const char *sql) {
    if (sqlite3_exec(database_.get(), sql, nullptr, nullptr, nullptr) != SQLITE_OK)
        throw StoreError(sqlite3_errmsg(database_.get()));
}

void SqliteStore::run(const char *sql, std::initializer_list<std::string_view> values) {
    try {
        SqliteStatement statement(database_.get(), sql);
        for (const auto value : values)
            statement.bind(value);
        statement.run();
    } catch (const StoreError &error) {
        throw StoreError("cannot store in " + file_.string() + ": " + error.what());
    }
}

void SqliteStore::begin() { run("BEGIN IMMEDIATE", {}); }

void SqliteStore::commit() { run("COMMIT", {}); }

void SqliteStore::roll_back() noexcept {
    groups_->forget_totals();
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
    SqliteStatement vhosts(database_.get(), "SELECT path, access_token FROM vhost");
    while (vhosts.next_row())
        by_path[vhosts.text(0)] = {vhosts.text(0), vhosts.text(1), {}};
    SqliteStatement channels(database_.get(), "SELECT vhost, name FROM channel");
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

GroupStore &SqliteStore::groups() { return *groups_; }

void SqliteStore::remove_all_channels(std::string_view vhost) {
    run("DELETE FROM channel WHERE vhost = ?", {vhost});
}

} // namespace webrocket
