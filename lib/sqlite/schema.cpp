#include "sqlite/schema.hpp"

#include <algorithm>
#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/change.hpp"
#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"
#include "model/typeid.hpp"
#include "sqlite/columns.hpp"
#include "sqlite/external_id_hashes.hpp"
#include "sqlite/maintenance.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/transaction.hpp"

namespace usertags::sqlite {
namespace {

struct SchemaObject {
  std::string_view type;
  std::string_view name;
  std::string_view sql;   // as SQLite keeps it: without the semicolon
};

// The short columns of a row stand first: SQLite walks a row from its start. Integers take as many bytes as
// they need; 0, 1 and NULL take none.
constexpr auto kSchema = std::to_array<SchemaObject>({
    {"table", "state", R"(CREATE TABLE state(
  -- The commit record: one row, rewritten by every commit.
  id INTEGER PRIMARY KEY CHECK (id = 1),
  store_id BLOB NOT NULL CHECK (length(store_id) = 16),
  epoch INTEGER NOT NULL,            -- grows when the store is opened after an unclean end, or restored
  clean INTEGER NOT NULL CHECK (clean BETWEEN 0 AND 1),  -- 1: the last writer closed it in good order
  revision INTEGER NOT NULL,         -- of the newest change
  last_ordinal INTEGER NOT NULL,     -- the newest one ever given
  last_id BLOB NOT NULL CHECK (length(last_id) = 16),  -- the UUID of the newest id ever given
  last_at_ms INTEGER NOT NULL,       -- the newest time ever given
  digest BLOB NOT NULL CHECK (length(digest) = 16),    -- of all living users
  log_checksum INTEGER NOT NULL,     -- of the newest change
  folded_revision INTEGER NOT NULL,  -- every change up to it is in table user
  log_floor INTEGER NOT NULL,        -- the oldest change still kept
  floor_checksum INTEGER NOT NULL,   -- of the change before it
  last_token INTEGER NOT NULL,       -- the newest row of table token
  token_floor INTEGER NOT NULL,      -- the oldest one still kept
  lived_ms INTEGER NOT NULL,         -- how long it was open for writing, in all
  entry INTEGER NOT NULL,            -- commits of changes, tokens or settings, without a gap
  entry_checksum INTEGER NOT NULL,   -- XXH3-64 of the newest one, chained to the one before
  binding BLOB NOT NULL CHECK (length(binding) = 48),  -- to a cluster; all zero: none
  settings_version INTEGER NOT NULL, -- grows with each change of the settings, which follow
  tags_per_user INTEGER NOT NULL,
  operations_per_batch INTEGER NOT NULL,
  history_keep_all INTEGER NOT NULL CHECK (history_keep_all BETWEEN 0 AND 1),
  history_min_changes INTEGER NOT NULL,
  history_min_age_s INTEGER NOT NULL,
  tokens_max_count INTEGER NOT NULL,
  tokens_max_age_s INTEGER NOT NULL,
  checksum INTEGER NOT NULL          -- XXH3-64 of the row
) STRICT)"},
    {"table", "segment", R"(CREATE TABLE segment(
  -- The log: every change of a user, in order, without a gap. A row holds those of one commit, or a part of
  -- them; no transaction is torn apart. View change has them one a row.
  first INTEGER PRIMARY KEY,         -- the revisions
  last INTEGER NOT NULL CHECK (last >= first),
  at_ms INTEGER NOT NULL,            -- Unix time in milliseconds
  lived_ms INTEGER NOT NULL,         -- of the store by then: its age counts from here
  checksum INTEGER NOT NULL,         -- XXH3-64, chained to the segment before
  entries TEXT NOT NULL              -- [{"user":ordinal,"follows":..,"patch":..,"before":{..},"note":".."},..]
) STRICT)"},
    {"table", "user", R"(CREATE TABLE user(
  -- The users as they were at their own revision; views user_now and user_tag add what the log has since.
  ordinal INTEGER PRIMARY KEY,
  id TEXT NOT NULL CHECK (length(CAST(id AS BLOB)) = 31),
  external_id TEXT NOT NULL CHECK (length(CAST(external_id AS BLOB)) BETWEEN 1 AND 1020),
  revision INTEGER NOT NULL,
  checksum INTEGER NOT NULL,         -- XXH3 of the row
  tags TEXT                          -- a JSON object; NULL: deleted, kept until the log has passed it
) STRICT)"},
    {"table", "external_id_hash", R"(CREATE TABLE external_id_hash(
  -- An aid to find users by external id: a hash of each of 2,000 ordinals a row, written once all are given.
  -- Users without a row are looked for in table user.
  first INTEGER PRIMARY KEY,         -- the ordinals: 1, 2001, 4001 …
  checksum INTEGER NOT NULL,         -- XXH3-64 of the row
  hashes BLOB NOT NULL CHECK (length(hashes) = 4000)   -- 16 bits of XXH3-64 each; of no user: anything
) STRICT)"},
    {"table", "token", R"(CREATE TABLE token(
  -- Idempotency tokens with the first outcome of their requests, in order, without a gap.
  seq INTEGER PRIMARY KEY,
  ordinal INTEGER,                   -- the user that the answer shows as it is now; NULL: none
  revision INTEGER NOT NULL,         -- the first answer's
  changed INTEGER NOT NULL CHECK (changed BETWEEN 0 AND 1),
  lived_ms INTEGER NOT NULL,         -- of the store by then: its age counts from here
  checksum INTEGER NOT NULL,         -- XXH3-64 of the row
  token BLOB NOT NULL CHECK (length(token) BETWEEN 1 AND 128),
  digest BLOB NOT NULL CHECK (length(digest) = 16)     -- of the request
) STRICT)"},
    {"view", "change",
     R"(CREATE VIEW change(seq, ordinal, kind, transaction_seq, at_ms, lived_ms, patch, before,
                   note, segment) AS
  -- The log, one change a row: seq is the revision, transaction_seq that of its transaction's first change,
  -- patch a JSON Merge Patch (RFC 7396) of {"id":..,"external_id":..,"tags":{..}}, before what its keys had
  -- (NULL: no such key). To begin at a revision, ask for its segment as well: that one is found by its key.
  SELECT segment.first + entry.key,
         CAST(json_extract(entry.value, '$.user') AS INTEGER),   -- so that joins find it an integer
         CASE WHEN json_type(entry.value, '$.patch') = 'null' THEN 3
              WHEN json_type(entry.value, '$.patch.id') IS NULL THEN 2 ELSE 1 END,
         segment.first + entry.key - ifnull(json_extract(entry.value, '$.follows'), 0),
         segment.at_ms, segment.lived_ms,
         ifnull(json_extract(entry.value, '$.patch'), 'null'),
         json_extract(entry.value, '$.before'), json_extract(entry.value, '$.note'), segment.first
    FROM segment, json_each(segment.entries) AS entry)"},
    {"view", "user_now", R"(CREATE VIEW user_now(id, external_id, revision, tags) AS
  -- The living users as they are: rows of table user, and over them what the log has for each key last.
  -- To apply a change again that a row has already does no harm.
  WITH newest(ordinal, key, value, revision) AS (
    SELECT change.ordinal, tag.key, tag.value, max(change.seq)
      FROM change, json_each(change.patch, '$.tags') AS tag
     WHERE change.segment > (SELECT folded_revision FROM state) AND change.kind = 2
     GROUP BY change.ordinal, tag.key
  ), pending(ordinal, revision, patch) AS (
    SELECT ordinal, max(revision), json_group_object(key, value) FROM newest GROUP BY ordinal
  )
  SELECT user.id, user.external_id, max(user.revision, ifnull(pending.revision, 0)),
         ifnull(json_patch(user.tags, pending.patch), user.tags)
    FROM user LEFT JOIN pending USING (ordinal)
   WHERE user.tags IS NOT NULL)"},
    {"view", "user_tag", R"(CREATE VIEW user_tag(user_id, external_id, key, value) AS
  SELECT user_now.id, user_now.external_id, tag.key, tag.value
    FROM user_now, json_each(user_now.tags) AS tag)"},
});

// --- What the text has to say. A change of it is a new format: see FormatStep. ---

consteval std::string_view sql_of(std::string_view table) {
  return std::ranges::find(kSchema, table, &SchemaObject::name)->sql;
}

// Whether a table declares these columns, in their order, and no others: each begins a line.
consteval bool declares(std::string_view sql, std::span<const std::string_view> columns) {
  for (std::size_t line = sql.find("\n  "); line != std::string_view::npos;
       line = sql.find("\n  ", line + 1)) {
    const std::string_view text = sql.substr(line + 3);
    if (text.starts_with("--")) continue;
    if (columns.empty() || text.substr(0, text.find(' ')) != columns.front()) return false;
    columns = columns.subspan(1);
  }
  return columns.empty();
}

// The row of table `state` has a number, 1, before its columns.
consteval bool declares_state(std::string_view sql) {
  std::array<std::string_view, StateColumn::count + 1> columns{"id"};
  std::ranges::copy(kState.columns, columns.begin() + 1);
  return declares(sql, columns);
}

static_assert(declares(sql_of(kSegment.name), kSegment.columns));
static_assert(declares(sql_of(kUser.name), kUser.columns));
static_assert(declares(sql_of(kExternalIdHash.name), kExternalIdHash.columns));
static_assert(declares(sql_of(kToken.name), kToken.columns));
static_assert(declares_state(sql_of(kState.name)));

// The limits and numbers that the text repeats.
static_assert(model::kUserIdBytes == 31);
static_assert(model::kMaxExternalIdCodePoints * model::kMaxUtf8BytesPerCodePoint == 1020);
static_assert(ExternalIdHashes::kUsers == 2000 && ExternalIdHashes::kBytes == 4000);
static_assert(model::kMaxTokenBytes == 128);
static_assert(static_cast<int>(ChangeKind::created) == 1);
static_assert(static_cast<int>(ChangeKind::patched) == 2);
static_assert(static_cast<int>(ChangeKind::deleted) == 3);

// --- The steps from older versions: none yet. Those before the first release are refused. ---

constexpr std::array<FormatStep, 0> kSteps{};

consteval bool lead_here(FormatSteps steps) {
  std::int32_t version = kFormatVersion - static_cast<std::int32_t>(steps.size());
  return std::ranges::all_of(steps, [&](const FormatStep& step) { return step.from == version++; });
}
static_assert(lead_here(kSteps));

bool reach_back_to(std::int64_t version, FormatSteps steps) noexcept {
  return !steps.empty() && steps.front().from <= version && version < kFormatVersion;
}

// What ANALYZE makes, and no more than that: SQLite lets nobody make other objects of such names, but hands
// that write into the schema itself do.
constexpr auto kStatistics = std::to_array<SchemaObject>({
    {"table", "sqlite_stat1", "CREATE TABLE sqlite_stat1(tbl,idx,stat)"},
    {"table", "sqlite_stat4", "CREATE TABLE sqlite_stat4(tbl,idx,neq,nlt,ndlt,sample)"},
});

// Of sqlite_schema. A table has its own name in tbl_name, and so has a view. A root page belongs to one of
// them; a view has none.
struct FoundObject {
  std::string type;
  std::string name;
  std::string table;
  std::int64_t root_page = 0;
  std::string sql;

  bool is(const SchemaObject& object) const { return type == object.type && name == object.name; }
  bool is_as_made(const SchemaObject& object) const {
    return sql == object.sql && table == object.name && (type == "view" ? root_page == 0 : root_page > 1);
  }
};

[[noreturn]] void corrupt(const Connection& connection, const std::string& what, std::string remedy = {}) {
  model::fail(ErrorCode::corrupt_store,
              "the schema of " + connection.name() + " is not that of format version " +
                  std::to_string(kFormatVersion) + ": " + what,
              std::move(remedy));
}

std::string name_of(std::string_view type, std::string_view name) {
  return std::string(type) + ' ' + model::quoted(name);
}

// Whoever added it can take it away again, unless SQLite lets nobody touch such a name.
[[noreturn]] void added(const Connection& connection, const FoundObject& object) {
  using Kind = std::pair<std::string_view, std::string_view>;
  static constexpr Kind kKinds[] = {
      {"table", "TABLE"}, {"index", "INDEX"}, {"view", "VIEW"}, {"trigger", "TRIGGER"}};
  const auto kind = std::ranges::find(kKinds, object.type, &Kind::first);
  const bool is_known = kind != std::end(kKinds);
  const std::string name = model::quoted(object.name);
  std::string remedy;
  if (is_known && !object.name.starts_with("sqlite_")) {
    remedy = "take it away with sqlite3 (DROP " + std::string(kind->second) + ' ' + name +
             "), or restore a backup";
  }
  corrupt(connection, std::string(is_known ? kind->first : "an object") + ' ' + name + " was added",
          std::move(remedy));
}

std::vector<FoundObject> read_schema(Connection& connection) {
  Statement rows(connection, "SELECT type, name, tbl_name, rootpage, sql FROM sqlite_schema");
  std::vector<FoundObject> found;
  while (rows.step()) {
    found.push_back({std::string(rows.text(0)), std::string(rows.text(1)), std::string(rows.text(2)),
                     rows.integer(3), std::string(rows.text(4))});
  }
  return found;
}

void check_object(const Connection& connection, const FoundObject& object) {
  const auto is_it = [&](const SchemaObject& known) { return object.is(known); };
  auto known = std::ranges::find_if(kSchema, is_it);
  if (known == kSchema.end()) {
    const auto statistics = std::ranges::find_if(kStatistics, is_it);
    if (statistics == kStatistics.end() || !object.is_as_made(*statistics)) added(connection, object);
  } else if (!object.is_as_made(*known)) {
    corrupt(connection, name_of(object.type, object.name) + " was changed");
  }
}

// Each once, and each on pages of its own.
void check_schema(Connection& connection) {
  const std::vector<FoundObject> found = read_schema(connection);
  for (const FoundObject& object : found) check_object(connection, object);
  for (const SchemaObject& object : kSchema) {
    const auto count = std::ranges::count_if(found, [&](const FoundObject& one) { return one.is(object); });
    if (count == 0) corrupt(connection, name_of(object.type, object.name) + " is missing");
    if (count > 1) corrupt(connection, name_of(object.type, object.name) + " is there twice");
  }
  std::vector<std::int64_t> roots;
  for (const FoundObject& object : found) {
    if (object.root_page != 0) roots.push_back(object.root_page);
  }
  std::ranges::sort(roots);
  if (std::ranges::adjacent_find(roots) != roots.end())
    corrupt(connection, "two of its objects share a page");
}

bool has_schema(Connection& connection) {
  return connection.query_integer("SELECT count(*) FROM sqlite_schema") != 0;
}

bool has_our_schema(Connection& connection) {
  try {
    check_schema(connection);
    return true;
  } catch (const model::Failure& failure) {
    if (failure.error != ErrorCode::corrupt_store) throw;
    return false;
  }
}

// Such as `.dump` makes of a store: the header's numbers are no part of what it writes.
[[noreturn]] void without_numbers(const Connection& connection, std::int64_t application_id,
                                  std::int64_t version) {
  const bool is_named = application_id == kApplicationId;
  model::fail(
      is_named ? ErrorCode::corrupt_store : ErrorCode::not_a_store,
      connection.name() + " has the tables of a store, but application id " + std::to_string(application_id) +
          " and format version " + std::to_string(version) + ", as a copy by .dump has",
      "give it the numbers of a store with sqlite3 (PRAGMA application_id=" + std::to_string(kApplicationId) +
          "; PRAGMA user_version=" + std::to_string(kFormatVersion) + "), and open it");
}

[[noreturn]] void another_application(const Connection& connection, std::int64_t application_id) {
  model::fail(ErrorCode::not_a_store,
              connection.name() + " is a database of another application (application id " +
                  std::to_string(application_id) + ", not " + std::to_string(kApplicationId) + ")");
}

std::string remedy_of_version(std::int64_t version, FormatSteps steps) {
  if (version > kFormatVersion) return "use a newer usertags";
  if (reach_back_to(version, steps)) return "open it for writing once: that migrates it";
  return "dump it with the build that made it (usertags dump), and load that into a new store";
}

void check_version(const Connection& connection, std::int64_t version, FormatSteps steps) {
  if (version == kFormatVersion) return;
  if (version < 1) corrupt(connection, "format version " + std::to_string(version) + " never was");
  model::fail(ErrorCode::unsupported_format,
              connection.name() + " has format version " + std::to_string(version) +
                  ", this library reads version " + std::to_string(kFormatVersion),
              remedy_of_version(version, steps));
}

std::int64_t application_id_of(Connection& connection) {
  return connection.query_integer("PRAGMA application_id");
}
std::int64_t version_of(Connection& connection) {
  return connection.query_integer("PRAGMA user_version");
}
void set_version(Connection& connection, std::int32_t version) {
  connection.execute(("PRAGMA user_version = " + std::to_string(version)).c_str());
}

FileKind identify_moment(Connection& connection, FormatSteps steps) {
  const std::int64_t application_id = application_id_of(connection);
  const std::int64_t version = version_of(connection);
  if (application_id == 0 && version == 0 && !has_schema(connection)) return FileKind::empty;
  const bool has_numbers = application_id == kApplicationId && version != 0;
  if (!has_numbers && has_our_schema(connection)) without_numbers(connection, application_id, version);
  if (application_id != kApplicationId) another_application(connection, application_id);
  check_version(connection, version, steps);
  if (connection.query_integer("SELECT length(CAST('a' AS BLOB))") != 1)
    corrupt(connection, "its texts are not in UTF-8");
  check_schema(connection);
  expect_whole_file(connection);
  return FileKind::ours;
}

}   // namespace

FormatSteps format_steps() noexcept {
  return kSteps;
}

FileKind identify(Connection& connection, FormatSteps steps) {
  if (connection.in_transaction()) return identify_moment(connection, steps);
  const ReadTransaction moment(connection);
  return identify_moment(connection, steps);
}

bool can_be_migrated(Connection& connection, FormatSteps steps) {
  return !steps.empty() && application_id_of(connection) == kApplicationId &&
         reach_back_to(version_of(connection), steps);
}

void migrate(Connection& connection, FormatSteps steps) {
  Transaction transaction(connection);
  const std::int64_t version = version_of(connection);
  for (const FormatStep& step : steps) {
    if (step.from >= version) step.migrate(connection);
  }
  set_version(connection, kFormatVersion);
  identify_moment(connection, steps);
  if (auto commit = transaction.commit(); commit.error) throw model::Failure{std::move(*commit.error)};
}

void create_schema(Connection& connection, const State& first_state) {
  for (const SchemaObject& object : kSchema) connection.execute(std::string(object.sql).c_str());
  connection.execute(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
  set_version(connection, kFormatVersion);
  insert_state(connection, first_state);
}

}   // namespace usertags::sqlite
