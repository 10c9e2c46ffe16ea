#include "sqlite/change_log.hpp"

#include "sqlite/stored_row.hpp"

namespace usertags::sqlite {
namespace {

constexpr const char* kTable = "change";

model::Change change_of(const StoredRow& row) {
  model::Change change;
  change.revision = row.number(0, "seq", 1);
  change.ordinal = row.ordinal(1);
  change.kind = static_cast<model::ChangeKind>(row.integer(2, "kind", 1, 3));
  change.remaining = row.number(3, "remaining");
  change.at_ms = row.integer(4, "at_ms", 0, kMaxInteger);
  change.patch = row.text(6, "patch");
  if (const auto note = row.text_or_null(7, "note")) {
    if (note->empty()) row.reject("note");
    change.note = *note;
  }
  return change;
}

}   // namespace

ChangeLog::ChangeLog(Connection& connection)
    : append_(connection,
              "INSERT INTO change(seq, ordinal, kind, remaining, at_ms, checksum, patch, note) "
              "VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)"),
      prune_(connection, "DELETE FROM change WHERE seq BETWEEN ?1 AND ?2"),
      mark_(connection, "SELECT at_ms, checksum FROM change WHERE seq = ?1") {}

void ChangeLog::append(const model::Change& change, std::uint64_t checksum) {
  append_.bind(1, change.revision)
      .bind(2, change.ordinal)
      .bind(3, static_cast<int>(change.kind))
      .bind(4, change.remaining)
      .bind(5, change.at_ms)
      .bind(6, checksum)
      .bind_text(7, change.patch);
  if (change.note.empty()) {
    append_.bind_null(8);
  } else {
    append_.bind_text(8, change.note);
  }
  append_.run();
}

void ChangeLog::prune(std::uint64_t floor, std::uint64_t last) {
  prune_.bind(1, floor).bind(2, last).run();
}

std::optional<ChangeLog::Mark> ChangeLog::mark(std::uint64_t revision) {
  const ResetAtEnd reset(mark_);
  if (!mark_.bind(1, revision).step()) return std::nullopt;
  const StoredRow row(mark_, kTable);
  return Mark{row.integer(0, "at_ms", 0, kMaxInteger), row.bits(1, "checksum")};
}

ChangeLog::Reader::Reader(Connection& connection, std::uint64_t first_revision)
    : rows_(connection,
            "SELECT seq, ordinal, kind, remaining, at_ms, checksum, patch, note FROM change "
            "WHERE seq >= ?1 ORDER BY seq") {
  rows_.bind(1, first_revision);
}

std::optional<ChangeLog::Entry> ChangeLog::Reader::next() {
  if (!rows_.step()) return std::nullopt;
  const StoredRow row(rows_, kTable);
  return Entry{change_of(row), row.bits(5, "checksum")};
}

}   // namespace usertags::sqlite
