#include "sqlite/tables.hpp"

#include <algorithm>
#include <string>
#include <string_view>

#include "model/change.hpp"
#include "model/digest.hpp"
#include "model/failure.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {

namespace {

constexpr int kChangeColumns = 9;
static_assert(kChangeColumns <= RowInserter::kMaxColumns);
constexpr const char* kChangeTable = "change";

model::Change change_of(const StoredRow& row) {
  model::Change change;
  change.revision = row.number(0, "seq", 1);
  change.ordinal = row.ordinal(1);
  change.kind = static_cast<model::ChangeKind>(row.integer(2, "kind", 1, 3));
  change.remaining = row.number(3, "remaining");
  change.at_ms = row.integer(4, "at_ms", 0, kMaxInteger);
  change.lived_ms = row.integer(5, "lived_ms", 0, kMaxInteger);
  change.patch = row.text(7, "patch");
  if (const auto note = row.text_or_null(8, "note")) {
    if (note->empty()) row.reject("note");
    change.note = *note;
  }
  return change;
}

void bind_entry(Statement& rows, int first, const ChangeLog::Entry& entry) {
  const model::Change& change = entry.change;
  rows.bind(first, change.revision)
      .bind(first + 1, change.ordinal)
      .bind(first + 2, static_cast<int>(change.kind))
      .bind(first + 3, change.remaining)
      .bind(first + 4, change.at_ms)
      .bind(first + 5, change.lived_ms)
      .bind(first + 6, entry.checksum)
      .bind_text(first + 7, change.patch);
  if (change.note.empty())
    rows.bind_null(first + 8);
  else
    rows.bind_text(first + 8, change.note);
}

std::optional<ChangeLog::Entry> next_entry(Statement& rows) {
  if (!rows.step()) return std::nullopt;
  const StoredRow row(rows, kChangeTable);
  return ChangeLog::Entry{change_of(row), row.bits(6, "checksum")};
}

}   // namespace

ChangeLog::ChangeLog(Connection& connection)
    : append_(connection, "change(seq, ordinal, kind, remaining, at_ms, lived_ms, checksum, patch, note)",
              kChangeColumns),
      prune_(connection, "DELETE FROM change WHERE seq BETWEEN ?1 AND ?2"),
      marks_(connection),
      transaction_end_(
          connection, "SELECT seq FROM change WHERE seq <= ?1 AND remaining = 0 ORDER BY seq DESC LIMIT 1") {}

void ChangeLog::append(std::span<const Entry> entries) {
  append_.insert(entries, bind_entry);
}

void ChangeLog::prune(std::uint64_t floor, std::uint64_t last) {
  prune_.bind(1, floor).bind(2, last).run();
}

ChangeLog::Marks::Marks(Connection& connection)
    : rows_(connection, "SELECT remaining, lived_ms, checksum FROM change WHERE seq = ?1") {}

std::optional<ChangeLog::Mark> ChangeLog::Marks::find(std::uint64_t revision) {
  const ResetAtEnd reset(rows_);
  if (!rows_.bind(1, revision).step()) return std::nullopt;
  const StoredRow row(rows_, kChangeTable);
  return Mark{row.number(0, "remaining"), row.integer(1, "lived_ms", 0, kMaxInteger),
              row.bits(2, "checksum")};
}

std::optional<std::uint64_t> ChangeLog::Marks::checksum_before(std::uint64_t revision, const State& state) {
  if (revision == state.log_floor) return state.floor_checksum;
  const auto mark = find(revision - 1);
  return mark ? std::optional(mark->checksum) : std::nullopt;
}

std::optional<std::uint64_t> ChangeLog::last_transaction_end(std::uint64_t revision) {
  const ResetAtEnd reset(transaction_end_);
  if (!transaction_end_.bind(1, revision).step()) return std::nullopt;
  return StoredRow(transaction_end_, kChangeTable).number(0, "seq", 1);
}

ChangeLog::Reader::Reader(Connection& connection)
    : rows_(connection,
            "SELECT seq, ordinal, kind, remaining, at_ms, lived_ms, checksum, patch, note FROM change "
            "WHERE seq >= ?1 ORDER BY seq") {}

std::optional<ChangeLog::Entry> ChangeLog::Reader::next() {
  return next_entry(rows_);
}

ChangeLog::Reader::Walk::Walk(Reader& reader, std::uint64_t first_revision) : reset_(reader.rows_) {
  reader.rows_.bind(1, first_revision);
}

ChangeLog::UserReader::UserReader(Connection& connection)
    : rows_(connection,
            "SELECT seq, ordinal, kind, remaining, at_ms, lived_ms, checksum, patch, note FROM change "
            "WHERE seq BETWEEN ?2 AND ?3 AND ordinal = ?1 ORDER BY seq DESC") {}

std::optional<ChangeLog::Entry> ChangeLog::UserReader::next() {
  return next_entry(rows_);
}

ChangeLog::UserReader::Walk::Walk(UserReader& reader, std::uint32_t ordinal, std::uint64_t first_revision,
                                  std::uint64_t last_revision)
    : reset_(reader.rows_) {
  reader.rows_.bind(1, ordinal).bind(2, first_revision).bind(3, last_revision);
}

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

namespace {

constexpr int kTokenColumns = 8;
static_assert(kTokenColumns <= RowInserter::kMaxColumns);
constexpr const char* kTokenTable = "token";

std::span<const std::uint8_t> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void bind_token(Statement& rows, int first, const model::Token& token) {
  rows.bind(first, token.seq);
  if (token.ordinal == 0)
    rows.bind_null(first + 1);
  else
    rows.bind(first + 1, token.ordinal);
  rows.bind(first + 2, token.revision)
      .bind(first + 3, token.changed)
      .bind(first + 4, token.lived_ms)
      .bind(first + 5, token_checksum(token))
      .bind_blob(first + 6, bytes_of(token.text))
      .bind_blob(first + 7, token.request);
}

model::Token token_of(const StoredRow& row) {
  model::Token token;
  token.seq = row.number(0, "seq", 1);
  token.ordinal = row.ordinal_or_none(1);
  token.revision = row.number(2, "revision");
  token.changed = row.integer(3, "changed", 0, 1) != 0;
  token.lived_ms = row.integer(4, "lived_ms", 0, kMaxInteger);
  const auto text = row.blob(6, "token", 1, model::kMaxTokenBytes);
  token.text = {reinterpret_cast<const char*>(text.data()), text.size()};
  std::ranges::copy(row.bytes16(7, "digest"), token.request.begin());
  return token;
}

}   // namespace

TokenTable::TokenTable(Connection& connection)
    : append_(connection, "token(seq, ordinal, revision, changed, lived_ms, checksum, token, digest)",
              kTokenColumns),
      prune_(connection, "DELETE FROM token WHERE seq BETWEEN ?1 AND ?2"),
      lived_ms_(connection, "SELECT lived_ms FROM token WHERE seq = ?1") {}

void TokenTable::append(std::span<const model::Token> tokens) {
  append_.insert(tokens, bind_token);
}

void TokenTable::prune(std::uint64_t floor, std::uint64_t last) {
  prune_.bind(1, floor).bind(2, last).run();
}

std::optional<std::int64_t> TokenTable::lived_ms(std::uint64_t seq) {
  const ResetAtEnd reset(lived_ms_);
  if (!lived_ms_.bind(1, seq).step()) return std::nullopt;
  return StoredRow(lived_ms_, kTokenTable).integer(0, "lived_ms", 0, kMaxInteger);
}

TokenTable::Reader::Reader(Connection& connection)
    : rows_(connection,
            "SELECT seq, ordinal, revision, changed, lived_ms, checksum, token, digest FROM token "
            "WHERE seq >= ?1 ORDER BY seq") {}

std::optional<TokenTable::Reader::Row> TokenTable::Reader::next() {
  if (!rows_.step()) return std::nullopt;
  const StoredRow row(rows_, kTokenTable);
  const model::Token token = token_of(row);
  return Row{token, row.bits(5, "checksum") == token_checksum(token)};
}

TokenTable::Reader::Walk::Walk(Reader& reader, std::uint64_t first) : reset_(reader.rows_) {
  reader.rows_.bind(1, first);
}

}   // namespace usertags::sqlite
