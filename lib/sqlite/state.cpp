#include "sqlite/state.hpp"

#include <xxhash.h>

#include <algorithm>
#include <bit>
#include <cstddef>

#include "model/failure.hpp"
#include "model/digest.hpp"
#include "model/settings.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {
namespace {

constexpr std::string_view kRead =
    "SELECT store_id, epoch, clean, revision, last_ordinal, last_id, last_at_ms, digest, log_checksum, "
    "folded_revision, log_floor, floor_checksum, last_token, token_floor, lived_ms, settings_version, "
    "tags_per_user, operations_per_batch, history_keep_all, history_min_changes, history_min_age_s, "
    "tokens_max_count, tokens_max_age_s, checksum FROM state WHERE id = 1";
constexpr std::string_view kWrite =
    "UPDATE state SET store_id = ?1, epoch = ?2, clean = ?3, revision = ?4, last_ordinal = ?5, last_id = ?6, "
    "last_at_ms = ?7, digest = ?8, log_checksum = ?9, folded_revision = ?10, log_floor = ?11, "
    "floor_checksum = ?12, last_token = ?13, token_floor = ?14, lived_ms = ?15, settings_version = ?16, "
    "tags_per_user = ?17, operations_per_batch = ?18, history_keep_all = ?19, history_min_changes = ?20, "
    "history_min_age_s = ?21, tokens_max_count = ?22, tokens_max_age_s = ?23, checksum = ?24 WHERE id = 1";
constexpr std::string_view kInsert =
    "INSERT INTO state(id, store_id, epoch, clean, revision, last_ordinal, last_id, last_at_ms, digest, "
    "log_checksum, folded_revision, log_floor, floor_checksum, last_token, token_floor, lived_ms, "
    "settings_version, tags_per_user, operations_per_batch, history_keep_all, history_min_changes, "
    "history_min_age_s, tokens_max_count, tokens_max_age_s, checksum) "
    "VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16, ?17, ?18, ?19, ?20, "
    "?21, ?22, ?23, ?24)";

// Places of the settings among the columns, in their order (model/settings.hpp): they stand before the
// checksum.
constexpr int kFirstSetting = 16;
constexpr int kChecksum = kFirstSetting + static_cast<int>(model::kSettingCount);

// Binds and runs: `digest` is bound where it lies.
int write_with(Statement& statement, const State& state) {
  const auto digest = state.digest.bytes();
  statement.bind_blob(1, state.store_id)
      .bind(2, state.epoch)
      .bind(3, state.clean)
      .bind(4, state.revision)
      .bind(5, state.last_ordinal)
      .bind_blob(6, state.last_id)
      .bind(7, state.last_at_ms)
      .bind_blob(8, digest)
      .bind(9, state.log_checksum)
      .bind(10, state.folded_revision)
      .bind(11, state.log_floor)
      .bind(12, state.floor_checksum)
      .bind(13, state.last_token)
      .bind(14, state.token_floor)
      .bind(15, state.lived_ms)
      .bind(kFirstSetting, state.settings.version);
  const model::SettingValues settings = model::values_of(state.settings);
  for (std::size_t i = 0; i < settings.size(); ++i)
    statement.bind(kFirstSetting + 1 + static_cast<int>(i), settings[i]);
  statement.bind(kChecksum + 1, state_checksum(state));
  return statement.run_and_count();
}

void copy(std::span<const std::uint8_t, 16> from, std::array<std::uint8_t, 16>& to) {
  std::ranges::copy(from, to.begin());
}

StoredSettings settings_of(const StoredRow& row) {
  model::SettingValues values{};
  for (std::size_t i = 0; i < values.size(); ++i) {
    const model::SettingField& field = model::kSettingFields[i];
    values[i] = row.integer(kFirstSetting + static_cast<int>(i), field.name.data(), field.least, field.most);
  }
  return {model::settings_of(values), row.number(kFirstSetting - 1, "settings_version", 1)};
}

State state_of(const StoredRow& row) {
  State state;
  copy(row.bytes16(0, "store_id"), state.store_id);
  state.epoch = row.number(1, "epoch", 1);
  state.clean = row.integer(2, "clean", 0, 1) != 0;
  state.revision = row.number(3, "revision");
  state.last_ordinal = static_cast<std::uint32_t>(row.integer(4, "last_ordinal", 0, kMaxOrdinal));
  copy(row.bytes16(5, "last_id"), state.last_id);
  state.last_at_ms = row.integer(6, "last_at_ms", 0, kMaxInteger);
  state.digest = model::Digest::from_bytes(row.bytes16(7, "digest"));
  state.log_checksum = row.bits(8, "log_checksum");
  state.folded_revision = row.number(9, "folded_revision");
  state.log_floor = row.number(10, "log_floor", 1);
  state.floor_checksum = row.bits(11, "floor_checksum");
  state.last_token = row.number(12, "last_token");
  state.token_floor = row.number(13, "token_floor", 1);
  state.lived_ms = row.integer(14, "lived_ms", 0, kMaxInteger);
  state.settings = settings_of(row);
  return state;
}

// What is folded is in the log or was, and what is pruned is folded.
void check_order(const StoredRow& row, const State& state) {
  if (state.folded_revision > state.revision) row.reject("folded_revision");
  if (state.log_floor - 1 > state.folded_revision) row.reject("log_floor");
  if (state.token_floor - 1 > state.last_token) row.reject("token_floor");
}

}   // namespace

std::uint64_t state_checksum(const State& state) noexcept {
  model::HashImage<136 + 8 * (2 + model::kSettingCount)> image;
  image.add(state.store_id);
  image.add(state.epoch);
  image.add(std::uint64_t{state.clean});
  image.add(state.revision);
  image.add(std::uint64_t{state.last_ordinal});
  image.add(state.last_id);
  image.add(std::bit_cast<std::uint64_t>(state.last_at_ms));
  image.add(state.digest.bytes());
  image.add(state.log_checksum);
  image.add(state.folded_revision);
  image.add(state.log_floor);
  image.add(state.floor_checksum);
  image.add(state.last_token);
  image.add(state.token_floor);
  image.add(std::bit_cast<std::uint64_t>(state.lived_ms));
  image.add(state.settings.version);
  for (const std::int64_t value : model::values_of(state.settings))
    image.add(std::bit_cast<std::uint64_t>(value));
  return XXH3_64bits(image.bytes().data(), image.bytes().size());
}

StateTable::StateTable(Connection& connection) : read_(connection, kRead), write_(connection, kWrite) {}

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
  if (!read_.step()) model::fail(ErrorCode::corrupt_store, "table 'state' is empty");
  const StoredRow row(read_, "state");
  const State state = state_of(row);
  check_order(row, state);
  return {state, row.bits(kChecksum, "checksum") == state_checksum(state)};
}

void StateTable::write(const State& state) {
  if (write_with(write_, state) != 1) model::fail(ErrorCode::corrupt_store, "table 'state' is empty");
}

void insert_state(Connection& connection, const State& state) {
  Statement insert(connection, kInsert);
  write_with(insert, state);
}

}   // namespace usertags::sqlite
