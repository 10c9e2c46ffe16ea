#include "sqlite/state.hpp"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstddef>
#include <span>
#include <string>

#include "model/digest.hpp"
#include "model/failure.hpp"
#include "model/settings.hpp"
#include "sqlite/columns.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {
namespace {

using Column = StateColumn;

std::string update_sql() {
  std::string sql = "UPDATE state SET ";
  for (int column = 0; column < Column::count; ++column) {
    if (column != 0) sql += ", ";
    sql.append(kState.columns[static_cast<std::size_t>(column)])
        .append(" = ?")
        .append(std::to_string(column + 1));
  }
  return sql + " WHERE id = 1";
}

std::string insert_sql() {
  std::string sql = "INSERT INTO state(id, " + list_of(kState) + ") VALUES (1";
  for (int column = 0; column < Column::count; ++column) sql += ", ?";
  return sql + ')';
}

// A parameter for each column, of which the first is 1.
static_assert(Column::count <= RowInserter::kMaxVariables);

// Binds and runs: the digest is bound where it lies.
int write_with(Statement& statement, const State& state) {
  const auto& [store_id, epoch, clean, revision, last_ordinal, last_id, last_at_ms, digest, log_checksum,
               folded_revision, log_floor, floor_checksum, last_token, token_floor, lived_ms, entry,
               entry_checksum, binding, settings] = state;
  const auto digest_bytes = digest.bytes();
  bind_row<Column::first_setting>(statement, 1, std::span(store_id), epoch, clean, revision, last_ordinal,
                                  std::span(last_id), last_at_ms, std::span(digest_bytes), log_checksum,
                                  folded_revision, log_floor, floor_checksum, last_token, token_floor,
                                  lived_ms, entry, entry_checksum, std::span(binding), settings.version);
  int next = Column::first_setting + 1;
  for (const std::int64_t value : model::values_of(settings)) statement.bind(next++, value);
  statement.bind(Column::checksum + 1, state_checksum(state));
  return statement.run_and_count();
}

void copy(std::span<const std::uint8_t, 16> from, std::array<std::uint8_t, 16>& to) {
  std::ranges::copy(from, to.begin());
}

StoredSettings settings_of(const StoredRow& row) {
  model::SettingValues values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const model::SettingField& field = model::kSettingFields[i];
    values[i] = row.integer(Column::first_setting + static_cast<int>(i), field.least, field.most);
  }
  return {model::settings_of(values), row.number(Column::settings_version, 1)};
}

State state_of(const StoredRow& row) {
  static_assert(Column::first_setting == 19, "read every column");
  State state;
  copy(row.bytes16(Column::store_id), state.store_id);
  state.epoch = row.number(Column::epoch, 1);
  state.clean = row.integer(Column::clean, 0, 1) != 0;
  state.revision = row.number(Column::revision);
  state.last_ordinal = static_cast<std::uint32_t>(row.integer(Column::last_ordinal, 0, kMaxOrdinal));
  copy(row.bytes16(Column::last_id), state.last_id);
  state.last_at_ms = row.integer(Column::last_at_ms, 0, kMaxInteger);
  state.digest = model::Digest::from_bytes(row.bytes16(Column::digest));
  state.log_checksum = row.bits(Column::log_checksum);
  state.folded_revision = row.number(Column::folded_revision);
  state.log_floor = row.number(Column::log_floor, 1);
  state.floor_checksum = row.bits(Column::floor_checksum);
  state.last_token = row.number(Column::last_token);
  state.token_floor = row.number(Column::token_floor, 1);
  state.lived_ms = row.integer(Column::lived_ms, 0, kMaxInteger);
  state.entry = row.number(Column::entry);
  state.entry_checksum = row.bits(Column::entry_checksum);
  std::ranges::copy(row.blob(Column::binding, state.binding.size(), state.binding.size()),
                    state.binding.begin());
  state.settings = settings_of(row);
  return state;
}

// What is folded is in the log or was, and what is pruned is folded.
void check_order(const StoredRow& row, const State& state) {
  if (state.revision == kMaxInteger) row.reject(Column::revision);   // the floors may be one beyond
  if (state.last_token == kMaxInteger) row.reject(Column::last_token);
  if (state.entry == kMaxInteger) row.reject(Column::entry);
  if (state.folded_revision > state.revision) row.reject(Column::folded_revision);
  if (state.log_floor - 1 > state.folded_revision) row.reject(Column::log_floor);
  if (state.token_floor - 1 > state.last_token) row.reject(Column::token_floor);
}

}   // namespace

std::uint64_t state_checksum(const State& state) noexcept {
  const auto& [store_id, epoch, clean, revision, last_ordinal, last_id, last_at_ms, digest, log_checksum,
               folded_revision, log_floor, floor_checksum, last_token, token_floor, lived_ms, entry,
               entry_checksum, binding, settings] = state;
  // Three columns have 16 bytes, one has 48, the others 8.
  model::HashImage<8 * (Column::checksum + 3 + 5)> image;
  image.add(store_id);
  image.add(epoch);
  image.add(std::uint64_t{clean});
  image.add(revision);
  image.add(std::uint64_t{last_ordinal});
  image.add(last_id);
  image.add(std::bit_cast<std::uint64_t>(last_at_ms));
  image.add(digest.bytes());
  image.add(log_checksum);
  image.add(folded_revision);
  image.add(log_floor);
  image.add(floor_checksum);
  image.add(last_token);
  image.add(token_floor);
  image.add(std::bit_cast<std::uint64_t>(lived_ms));
  image.add(entry);
  image.add(entry_checksum);
  image.add(binding);
  image.add(settings.version);
  for (const std::int64_t value : model::values_of(settings)) image.add(std::bit_cast<std::uint64_t>(value));
  return XXH3_64bits(image.bytes().data(), image.bytes().size());
}

void expect_unbound(const State& state) {
  if (state.binding != Binding{}) throw model::Failure{ErrorCode::cluster_member};
}

void expect_bound(const State& state) {
  if (state.binding == Binding{})
    model::fail(ErrorCode::invalid_argument, "the file belongs to no cluster",
                "found a cluster from it, or join with a copy of a member's file");
}

void note_entry(State& state, std::span<const model::Token> tokens) noexcept {
  ++state.entry;
  std::uint64_t checksums = 0;
  for (const model::Token& token : tokens) checksums += token_checksum(token);
  model::HashImage<8 * (7 + model::kSettingCount)> image;
  image.add(state.entry_checksum);
  image.add(state.entry);
  image.add(state.revision);
  image.add(state.log_checksum);
  image.add(state.last_token);
  image.add(checksums);
  image.add(state.settings.version);
  for (const std::int64_t value : model::values_of(state.settings))
    image.add(std::bit_cast<std::uint64_t>(value));
  state.entry_checksum = XXH3_64bits(image.bytes().data(), image.bytes().size());
}

// Of a file that may not be written SQLite does not look at CHECKs, and the views know of one row alone.
StateTable::StateTable(Connection& connection)
    : read_(connection,
            select_from(kState) + " WHERE id = 1 AND NOT EXISTS (SELECT * FROM state WHERE id <> 1)"),
      write_(connection, update_sql()) {}

State StateTable::read() {
  const auto [state, bears_checksum] = read_unproved();
  if (bears_checksum) return state;
  model::fail(
      ErrorCode::corrupt_store,
      "the commit record (table 'state') does not bear its checksum: the file was damaged, or something "
      "other than the store changed it");
}

StateTable::Unproved StateTable::read_unproved() {
  const ResetAtEnd reset(read_);
  if (!read_.step()) model::fail(ErrorCode::corrupt_store, "table 'state' has no row, or more than one");
  const StoredRow row(read_, kState);
  const State state = state_of(row);
  check_order(row, state);
  return {state, row.bits(Column::checksum) == state_checksum(state)};
}

void StateTable::write(const State& state) {
  if (write_with(write_, state) != 1) model::fail(ErrorCode::corrupt_store, "table 'state' is empty");
}

void insert_state(Connection& connection, const State& state) {
  Statement insert(connection, insert_sql());
  write_with(insert, state);
}

}   // namespace usertags::sqlite
