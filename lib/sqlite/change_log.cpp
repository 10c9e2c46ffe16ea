#include "sqlite/change_log.hpp"

#include <span>
#include <string>
#include <vector>

#include "model/failure.hpp"

namespace usertags::sqlite {
namespace {

using Column = SegmentColumn;

// All of a segment's row but its text, which may be long.
constexpr TableView kHead = TableView(kSegment).up_to(Column::checksum);

model::Segment head_of(const StoredRow& row) {
  model::Segment segment;
  segment.first = row.number(Column::first, 1);
  segment.last = row.number(Column::last, 1);
  if (segment.last < segment.first) row.reject(Column::last);
  segment.at_ms = row.integer(Column::at_ms, 0, kMaxInteger);
  segment.lived_ms = row.integer(Column::lived_ms, 0, kMaxInteger);
  segment.checksum = row.bits(Column::checksum);
  return segment;
}

}   // namespace

ChangeLog::ChangeLog(Connection& connection)
    : append_(connection, "INSERT INTO " + rows_for(kSegment)),
      prune_(connection, "DELETE FROM segment WHERE first <= ?1"),
      heads_(connection),
      pruned_(connection) {}

void ChangeLog::append(const model::Segment& segment) {
  const auto& [first, last, at_ms, lived_ms, checksum, entries] = segment;
  bind_row<Column::count>(append_, 1, first, last, at_ms, lived_ms, checksum, entries);
  append_.run();
}

void ChangeLog::prune(std::uint64_t last, UserTable& users) {
  std::vector<std::uint32_t> deleted;
  {
    const Reader::Walk walk(pruned_, 1);
    for (auto segment = pruned_.next(); segment && segment->first <= last; segment = pruned_.next()) {
      if (!may_have_deletion(*segment)) continue;
      const auto changes = decoder_.changes(*segment);
      if (!changes) {
        model::fail(ErrorCode::corrupt_store,
                    "the log cannot be read from change " + std::to_string(segment->first) + " on");
      }
      for (const model::Change& change : *changes) {
        if (change.kind == model::ChangeKind::deleted) deleted.push_back(change.ordinal);
      }
    }
  }
  for (const std::uint32_t ordinal : deleted) users.forget_deleted(ordinal);
  prune_.bind(1, last).run();
}

ChangeLog::Reader::Reader(Connection& connection, std::string_view sql) : rows_(connection, sql) {}

ChangeLog::Reader::Reader(Connection& connection)
    : Reader(connection,
             select_from(kSegment) +
                 " WHERE first >= ifnull((SELECT iif(last >= ?1, first, ?1) FROM segment WHERE first <= ?1"
                 "                         ORDER BY first DESC LIMIT 1), ?1) ORDER BY first") {}

std::optional<model::Segment> ChangeLog::Reader::next() {
  static_assert(Column::count == 6, "read every column");
  if (!rows_.step()) return std::nullopt;
  const StoredRow row(rows_, kSegment);
  model::Segment segment = head_of(row);
  segment.entries = row.text(Column::entries);
  return segment;
}

ChangeLog::Reader::Walk::Walk(Reader& reader, std::uint64_t revision) : reset_(reader.rows_) {
  reader.rows_.bind(1, revision);
}

ChangeLog::BackReader::BackReader(Connection& connection)
    : Reader(connection, select_from(kSegment) + " WHERE first <= ?1 ORDER BY first DESC") {}

ChangeLog::Heads::Heads(Connection& connection)
    : rows_(connection, select_from(kHead) + " WHERE first <= ?1 ORDER BY first DESC LIMIT 1") {}

std::optional<model::Segment> ChangeLog::Heads::find(std::uint64_t revision) {
  const ResetAtEnd reset(rows_);
  if (!rows_.bind(1, revision).step()) return std::nullopt;
  const model::Segment segment = head_of(StoredRow(rows_, kHead));
  return segment.last >= revision ? std::optional(segment) : std::nullopt;
}

std::optional<std::uint64_t> ChangeLog::Heads::checksum_before(std::uint64_t revision, const State& state) {
  if (revision == state.log_floor) return state.floor_checksum;
  const auto segment = find(revision - 1);
  return segment && segment->last == revision - 1 ? std::optional(segment->checksum) : std::nullopt;
}

}   // namespace usertags::sqlite
