#include "sqlite/user_table.hpp"

#include "model/digest.hpp"
#include "model/failure.hpp"
#include "model/merge_patch.hpp"
#include "sqlite/stored_row.hpp"

namespace usertags::sqlite {
namespace {

std::optional<UserTable::Row> next_row(Statement& rows) {
  if (!rows.step()) return std::nullopt;
  const StoredRow columns(rows, "user");
  UserTable::Row row;
  row.ordinal = columns.ordinal(0);
  row.id = columns.text(1, "id");
  row.external_id = columns.text(2, "external_id");
  row.revision = columns.number(3, "revision", 1);
  row.checksum = columns.integer(4, "checksum");
  row.tags = columns.text_or_null(5, "tags");
  return row;
}

}   // namespace

UserTable::UserTable(Connection& connection)
    : insert_(connection,
              "INSERT INTO user(ordinal, id, external_id, revision, checksum, tags) "
              "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
      bury_(connection,
            "UPDATE user SET revision = ?2, checksum = ?3, tags = NULL WHERE ordinal = ?1 AND tags IS NOT "
            "NULL"),
      fold_(connection,
            "UPDATE user SET revision = ?2, checksum = ?3, tags = ?4 "
            "WHERE ordinal = ?1 AND revision < ?2 AND tags IS NOT NULL"),
      put_(connection,
           "INSERT OR REPLACE INTO user(ordinal, id, external_id, revision, checksum, tags) "
           "VALUES (?1, ?2, ?3, ?4, ?5, ?6)"),
      remove_(connection, "DELETE FROM user WHERE ordinal = ?1"),
      forget_deleted_(connection, "DELETE FROM user WHERE tags IS NULL AND revision <= ?1") {}

void UserTable::write_whole(Statement& statement, const model::Record& record) {
  statement.bind(1, record.ordinal())
      .bind_text(2, record.id())
      .bind_text(3, record.external_id())
      .bind(4, record.revision())
      .bind(5, model::row_checksum(record));
  if (record.is_tombstone())
    statement.bind_null(6);
  else
    statement.bind_text(6, json_of(record));
  statement.run();
}

void UserTable::insert(const model::Record& record) {
  write_whole(insert_, record);
}

void UserTable::bury(const model::Record& tombstone) {
  const int buried = bury_.bind(1, tombstone.ordinal())
                         .bind(2, tombstone.revision())
                         .bind(3, model::row_checksum(tombstone))
                         .run_and_count();
  if (buried == 1) return;
  model::fail(ErrorCode::corrupt_store,
              "table 'user' has no living row of user " + std::to_string(tombstone.ordinal()));
}

void UserTable::fold(const model::Record& record) {
  fold_.bind(1, record.ordinal())
      .bind(2, record.revision())
      .bind(3, model::row_checksum(record))
      .bind_text(4, json_of(record))
      .run();
}

void UserTable::put(const model::Record& record) {
  write_whole(put_, record);
}

void UserTable::remove(std::uint32_t ordinal) {
  remove_.bind(1, ordinal).run();
}

void UserTable::forget_deleted(std::uint64_t up_to_revision) {
  forget_deleted_.bind(1, up_to_revision).run();
}

std::string_view UserTable::json_of(const model::Record& record) {
  tags_.assign(record.begin(), record.end());
  json_.clear();
  model::append_tags(tags_, json_);
  return json_;
}

UserTable::Reader::Reader(Connection& connection)
    : rows_(connection,
            "SELECT ordinal, id, external_id, revision, checksum, tags FROM user ORDER BY ordinal") {}

std::optional<UserTable::Row> UserTable::Reader::next() {
  return next_row(rows_);
}

UserTable::Finder::Finder(Connection& connection)
    : rows_(connection,
            "SELECT ordinal, id, external_id, revision, checksum, tags FROM user "
            "WHERE ordinal >= ?1 ORDER BY ordinal LIMIT 1") {}

std::optional<UserTable::Row> UserTable::Finder::find_from(std::uint32_t ordinal) {
  rows_.reset();
  rows_.bind(1, ordinal);
  return next_row(rows_);
}

}   // namespace usertags::sqlite
