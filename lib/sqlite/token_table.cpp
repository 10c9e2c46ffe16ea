#include "sqlite/token_table.hpp"

#include <algorithm>
#include <string_view>

#include "sqlite/stored_row.hpp"

namespace usertags::sqlite {
namespace {

constexpr int kColumns = 8;
static_assert(kColumns <= RowInserter::kMaxColumns);
constexpr const char* kTable = "token";

std::span<const std::uint8_t> bytes_of(std::string_view text) noexcept {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}

void bind_row(Statement& rows, int first, const model::Token& token) {
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
              kColumns),
      prune_(connection, "DELETE FROM token WHERE seq BETWEEN ?1 AND ?2"),
      lived_ms_(connection, "SELECT lived_ms FROM token WHERE seq = ?1") {}

void TokenTable::append(std::span<const model::Token> tokens) {
  append_.insert(tokens, bind_row);
}

void TokenTable::prune(std::uint64_t floor, std::uint64_t last) {
  prune_.bind(1, floor).bind(2, last).run();
}

std::optional<std::int64_t> TokenTable::lived_ms(std::uint64_t seq) {
  const ResetAtEnd reset(lived_ms_);
  if (!lived_ms_.bind(1, seq).step()) return std::nullopt;
  return StoredRow(lived_ms_, kTable).integer(0, "lived_ms", 0, kMaxInteger);
}

TokenTable::Reader::Reader(Connection& connection)
    : rows_(connection,
            "SELECT seq, ordinal, revision, changed, lived_ms, checksum, token, digest FROM token "
            "WHERE seq >= ?1 ORDER BY seq") {}

std::optional<TokenTable::Reader::Row> TokenTable::Reader::next() {
  if (!rows_.step()) return std::nullopt;
  const StoredRow row(rows_, kTable);
  const model::Token token = token_of(row);
  return Row{token, row.bits(5, "checksum") == token_checksum(token)};
}

TokenTable::Reader::Walk::Walk(Reader& reader, std::uint64_t first) : reset_(reader.rows_) {
  reader.rows_.bind(1, first);
}

}   // namespace usertags::sqlite
