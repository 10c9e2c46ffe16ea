#include "sqlite/change_log.hpp"

#include <string>

#include "sqlite/stored_row.hpp"

namespace usertags::sqlite {
namespace {

constexpr int kColumns = 9;
static_assert(kColumns <= RowInserter::kMaxColumns);
constexpr const char* kTable = "change";

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

void bind_row(Statement& rows, int first, const ChangeLog::Entry& entry) {
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
  const StoredRow row(rows, kTable);
  return ChangeLog::Entry{change_of(row), row.bits(6, "checksum")};
}

}   // namespace

ChangeLog::ChangeLog(Connection& connection)
    : append_(connection, "change(seq, ordinal, kind, remaining, at_ms, lived_ms, checksum, patch, note)",
              kColumns),
      prune_(connection, "DELETE FROM change WHERE seq BETWEEN ?1 AND ?2"),
      marks_(connection),
      transaction_end_(
          connection, "SELECT seq FROM change WHERE seq <= ?1 AND remaining = 0 ORDER BY seq DESC LIMIT 1") {}

void ChangeLog::append(std::span<const Entry> entries) {
  append_.insert(entries, bind_row);
}

void ChangeLog::prune(std::uint64_t floor, std::uint64_t last) {
  prune_.bind(1, floor).bind(2, last).run();
}

ChangeLog::Marks::Marks(Connection& connection)
    : rows_(connection, "SELECT remaining, lived_ms, checksum FROM change WHERE seq = ?1") {}

std::optional<ChangeLog::Mark> ChangeLog::Marks::find(std::uint64_t revision) {
  const ResetAtEnd reset(rows_);
  if (!rows_.bind(1, revision).step()) return std::nullopt;
  const StoredRow row(rows_, kTable);
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
  return StoredRow(transaction_end_, kTable).number(0, "seq", 1);
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

}   // namespace usertags::sqlite
