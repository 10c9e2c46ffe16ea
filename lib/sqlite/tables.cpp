#include "sqlite/tables.hpp"

#include <algorithm>
#include <array>
#include <string>
#include <string_view>

#include "model/change.hpp"
#include "model/digest.hpp"
#include "model/failure.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {

namespace {

// --- Table user. ---

std::optional<UserTable::Row> next_row(Statement& rows) {
  using Column = UserColumn;
  static_assert(Column::count == 6, "read every column");
  if (!rows.step()) return std::nullopt;
  const StoredRow columns(rows, kUser);
  UserTable::Row row;
  row.ordinal = columns.ordinal(Column::ordinal);
  row.id = columns.text(Column::id);
  row.external_id = columns.text(Column::external_id);
  row.revision = columns.number(Column::revision, 1);
  row.checksum = columns.integer(Column::checksum);
  row.tags = columns.text_or_null(Column::tags);
  return row;
}

// As JSON, at the end of the text.
std::string_view append_tags(const model::Record& user, std::string& text) {
  const std::size_t begin = text.size();
  std::size_t bound = begin + 2 + model::TextInPlace::kSlack;   // the braces
  for (const Tag& tag : user)
    bound += model::json_string_bound(tag.key.size()) + model::json_string_bound(tag.value.size()) + 2;
  text.resize_and_overwrite(bound, [&](char* bytes, std::size_t) {
    model::TextInPlace at(bytes + begin);
    model::append_tags(user, at);
    return static_cast<std::size_t>(at.end() - bytes);
  });
  return std::string_view(text).substr(begin);
}

// In place of what the text has.
std::string_view tags_of(const model::Record& user, std::string& text) {
  text.clear();
  return append_tags(user, text);
}

}   // namespace

UserTable::UserTable(Connection& connection)
    : insert_(connection, kUser),
      bury_(connection,
            "UPDATE user SET revision = ?2, checksum = ?3, tags = NULL WHERE ordinal = ?1 AND tags IS NOT "
            "NULL"),
      fold_(connection),
      put_(connection, "INSERT OR REPLACE INTO " + rows_for(kUser)),
      remove_(connection, "DELETE FROM user WHERE ordinal = ?1"),
      forget_deleted_(connection, "DELETE FROM user WHERE ordinal = ?1 AND tags IS NULL") {}

void UserTable::bind_user(Statement& rows, int first, const model::Record& user, Texts& texts) {
  texts.id = user.id();
  bind_row<UserColumn::count>(rows, first, user.ordinal(), texts.id.view(), user.external_id(),
                              user.revision(), model::row_checksum(user),
                              user.is_tombstone() ? std::nullopt : std::optional(tags_of(user, texts.tags)));
}

void UserTable::insert(std::span<const model::Record* const> users) {
  insert_.insert(users, [this](Statement& rows, int first, const model::Record* user) {
    bind_user(rows, first, *user, texts_[static_cast<std::size_t>(first / UserColumn::count)]);
  });
}

void UserTable::insert(const model::Record& user) {
  insert(std::array{&user});
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

UserFold::Row UserTable::folded(const model::Record& record, std::string& text) {
  return {record.ordinal(), record.revision(), model::row_checksum(record), append_tags(record, text)};
}

void UserTable::put(const model::Record& record) {
  bind_user(put_, 1, record, texts_.front());
  put_.run();
}

void UserTable::remove(std::uint32_t ordinal) {
  remove_.bind(1, ordinal).run();
}

void UserTable::forget_deleted(std::uint32_t ordinal) {
  forget_deleted_.bind(1, ordinal).run();
}

// What no store writes is below the first ordinal, and has to be met with.
constexpr std::int64_t kBelowAll = -kMaxInteger - 1;

UserTable::Reader::Reader(Connection& connection)
    : rows_(connection, select_from(kUser) + " WHERE ordinal >= ?1 ORDER BY ordinal") {
  rows_.bind(1, kBelowAll);
}

UserTable::Reader::Walk::Walk(Reader& reader, std::uint32_t first) : reset_(reader.rows_) {
  reader.rows_.bind(1, first == 0 ? kBelowAll : std::int64_t{first});
}

std::optional<UserTable::Row> UserTable::Reader::next() {
  return next_row(rows_);
}

namespace {
constexpr TableView kNamed = TableView(kUser).up_to(UserColumn::external_id);
}   // namespace

UserTable::NameReader::NameReader(Connection& connection)
    : rows_(connection,
            select_from(kNamed) + " WHERE ordinal BETWEEN ?1 AND ?2 AND tags IS NOT NULL ORDER BY ordinal") {}

UserTable::NameReader::Walk::Walk(NameReader& reader, std::int64_t first, std::int64_t last)
    : reset_(reader.rows_) {
  reader.rows_.bind(1, first).bind(2, last);
}

std::optional<UserTable::NameReader::Name> UserTable::NameReader::next() {
  if (!rows_.step()) return std::nullopt;
  const StoredRow row(rows_, kNamed);
  return Name{row.ordinal(UserColumn::ordinal), row.text(UserColumn::external_id)};
}

UserTable::Finder::Finder(Connection& connection)
    : rows_(connection, select_from(kUser) + " WHERE ordinal >= ?1 ORDER BY ordinal LIMIT 1") {}

std::optional<UserTable::Row> UserTable::Finder::find_from(std::uint32_t ordinal) {
  rows_.reset();
  rows_.bind(1, ordinal);
  return next_row(rows_);
}

namespace {

// --- Table token. ---

std::span<const std::uint8_t> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void bind_token(Statement& rows, int first, const model::Token& token) {
  const auto& [seq, ordinal, revision, changed, lived_ms, text, request] = token;
  bind_row<TokenColumn::count>(rows, first, seq, ordinal == 0 ? std::nullopt : std::optional(ordinal),
                               revision, changed, lived_ms, token_checksum(token), bytes_of(text),
                               std::span(request));
}

model::Token token_of(const StoredRow& row) {
  using Column = TokenColumn;
  static_assert(Column::count == 8, "read every column");
  model::Token token;
  token.seq = row.number(Column::seq, 1);
  token.ordinal = row.ordinal_or_none(Column::ordinal);
  token.revision = row.number(Column::revision);
  token.changed = row.integer(Column::changed, 0, 1) != 0;
  token.lived_ms = row.integer(Column::lived_ms, 0, kMaxInteger);
  const auto text = row.blob(Column::token, 1, model::kMaxTokenBytes);
  token.text = {reinterpret_cast<const char*>(text.data()), text.size()};
  std::ranges::copy(row.bytes16(Column::digest), token.request.begin());
  return token;
}

// What the age of a token is read from.
constexpr TableView kAged = TableView(kToken).up_to(TokenColumn::lived_ms);

}   // namespace

TokenTable::TokenTable(Connection& connection)
    : append_(connection, kToken),
      prune_(connection, "DELETE FROM token WHERE seq BETWEEN ?1 AND ?2"),
      lived_ms_(connection, select_from(kAged) + " WHERE seq = ?1") {}

void TokenTable::append(std::span<const model::Token> tokens) {
  append_.insert(tokens, bind_token);
}

void TokenTable::prune(std::uint64_t floor, std::uint64_t last) {
  prune_.bind(1, floor).bind(2, last).run();
}

std::optional<std::int64_t> TokenTable::lived_ms(std::uint64_t seq) {
  const ResetAtEnd reset(lived_ms_);
  if (!lived_ms_.bind(1, seq).step()) return std::nullopt;
  return StoredRow(lived_ms_, kAged).integer(TokenColumn::lived_ms, 0, kMaxInteger);
}

TokenTable::Reader::Reader(Connection& connection)
    : rows_(connection, select_from(kToken) + " WHERE seq >= ?1 ORDER BY seq") {}

std::optional<TokenTable::Reader::Row> TokenTable::Reader::next() {
  if (!rows_.step()) return std::nullopt;
  const StoredRow row(rows_, kToken);
  const model::Token token = token_of(row);
  return Row{token, row.bits(TokenColumn::checksum) == token_checksum(token)};
}

TokenTable::Reader::Walk::Walk(Reader& reader, std::uint64_t first) : reset_(reader.rows_) {
  reader.rows_.bind(1, first);
}

}   // namespace usertags::sqlite
