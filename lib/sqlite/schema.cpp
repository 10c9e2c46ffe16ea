#include "sqlite/schema.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "model/failure.hpp"
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
  checksum INTEGER NOT NULL          -- XXH3-64 of the row
) STRICT)"},
    {"table", "change", R"(CREATE TABLE change(
  -- The log: every change of a user, in order, without a gap.
  seq INTEGER PRIMARY KEY,           -- the revision
  ordinal INTEGER NOT NULL,          -- whose
  kind INTEGER NOT NULL CHECK (kind BETWEEN 1 AND 3),   -- created, patched, deleted
  remaining INTEGER NOT NULL CHECK (remaining >= 0),   -- changes of its transaction that follow
  at_ms INTEGER NOT NULL,            -- Unix time in milliseconds
  checksum INTEGER NOT NULL,         -- XXH3-64, chained to the change before
  patch TEXT NOT NULL,               -- a JSON Merge Patch (RFC 7396) of {"id":..,"external_id":..,"tags":{..}}
  note TEXT CHECK (length(CAST(note AS BLOB)) BETWEEN 1 AND 800)
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
    {"index", "user_deleted", R"(CREATE INDEX user_deleted ON user(revision) WHERE tags IS NULL)"},
    {"table", "token", R"(CREATE TABLE token(
  -- Idempotency tokens with the first outcome of their requests, in order, without a gap.
  seq INTEGER PRIMARY KEY,
  ordinal INTEGER,                   -- the user that the answer shows as it is now; NULL: none
  revision INTEGER NOT NULL,         -- the first answer's
  changed INTEGER NOT NULL CHECK (changed BETWEEN 0 AND 1),
  at_ms INTEGER NOT NULL,            -- Unix time in milliseconds
  checksum INTEGER NOT NULL,         -- XXH3-64 of the row
  token BLOB NOT NULL CHECK (length(token) BETWEEN 1 AND 128),
  digest BLOB NOT NULL CHECK (length(digest) = 16)     -- of the request
) STRICT)"},
    {"view", "user_now", R"(CREATE VIEW user_now(id, external_id, revision, tags) AS
  -- The living users as they are: rows of table user, and over them what the log has for each key last.
  -- To apply a change again that a row has already does no harm.
  WITH newest(ordinal, key, value, revision) AS (
    SELECT change.ordinal, tag.key, tag.value, max(change.seq)
      FROM change, json_each(change.patch, '$.tags') AS tag
     WHERE change.seq > (SELECT folded_revision FROM state) AND change.kind = 2
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

[[noreturn]] void corrupt(const Connection& connection, std::string what) {
  model::fail(ErrorCode::corrupt_store, "the schema of " + connection.name() +
                                            " is not that of format version " +
                                            std::to_string(kFormatVersion) + ": " + std::move(what));
}

std::string name_of(std::string_view type, std::string_view name) {
  return std::string(type) + " '" + std::string(name) + '\'';
}

void check_object(const Connection& connection, std::string_view type, std::string_view name,
                  std::string_view sql) {
  const auto ours = std::ranges::find(kSchema, name, &SchemaObject::name);
  if (ours == kSchema.end() || ours->type != type) corrupt(connection, name_of(type, name) + " was added");
  if (ours->sql != sql) corrupt(connection, name_of(type, name) + " was changed");
}

void check_schema(Connection& connection) {
  Statement rows(
      connection,
      "SELECT type, name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite\\_stat%' ESCAPE '\\'");
  std::vector<std::string> found;
  while (rows.step()) {
    check_object(connection, rows.text(0), rows.text(1), rows.text(2));
    found.emplace_back(rows.text(1));
  }
  for (const SchemaObject& object : kSchema) {
    if (std::ranges::find(found, object.name) == found.end()) {
      corrupt(connection, name_of(object.type, object.name) + " is missing");
    }
  }
}

bool has_schema(Connection& connection) {
  return connection.query_integer("SELECT count(*) FROM sqlite_schema") != 0;
}

[[noreturn]] void another_application(const Connection& connection, std::int64_t application_id) {
  model::fail(ErrorCode::not_a_store,
              connection.name() + " is a database of another application (application id " +
                  std::to_string(application_id) + ", not " + std::to_string(kApplicationId) + ")");
}

void check_version(const Connection& connection, std::int64_t version) {
  const std::string text = connection.name() + " has format version " + std::to_string(version);
  if (version > kFormatVersion) {
    model::fail(ErrorCode::unsupported_format,
                text + ", this library reads version " + std::to_string(kFormatVersion));
  }
  if (version < kFormatVersion) model::fail(ErrorCode::corrupt_store, text + ", which never was");
}

FileKind identify_moment(Connection& connection) {
  const std::int64_t application_id = connection.query_integer("PRAGMA application_id");
  const std::int64_t version = connection.query_integer("PRAGMA user_version");
  if (application_id == 0 && version == 0 && !has_schema(connection)) return FileKind::empty;
  if (application_id != kApplicationId) another_application(connection, application_id);
  check_version(connection, version);
  if (connection.query_integer("SELECT length(CAST('a' AS BLOB))") != 1)
    corrupt(connection, "its texts are not in UTF-8");
  check_schema(connection);
  return FileKind::ours;
}

}   // namespace

FileKind identify(Connection& connection) {
  if (connection.in_transaction()) return identify_moment(connection);
  const ReadTransaction moment(connection);
  return identify_moment(connection);
}

void create_schema(Connection& connection, const State& first_state) {
  for (const SchemaObject& object : kSchema) connection.execute(std::string(object.sql).c_str());
  connection.execute(("PRAGMA application_id = " + std::to_string(kApplicationId)).c_str());
  connection.execute(("PRAGMA user_version = " + std::to_string(kFormatVersion)).c_str());
  insert_state(connection, first_state);
}

}   // namespace usertags::sqlite
