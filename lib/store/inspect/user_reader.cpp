#include "store/inspect/user_reader.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "model/digest.hpp"
#include "model/failure.hpp"
#include "model/position.hpp"
#include "model/typeid.hpp"
#include "sqlite/database.hpp"
#include "sqlite/transaction.hpp"
#include "store/adopt/adoption.hpp"
#include "store/load/log_walk.hpp"
#include "store/load/replay.hpp"
#include "store/read/log_reader.hpp"

namespace usertags::store {

using model::RecordPtr;
using sqlite::State;

UserReader::UserReader(sqlite::Connection& connection, const sqlite::StoreId& store_id,
                       std::size_t tail_bytes)
    : connection_(connection),
      store_id_(store_id),
      tail_bytes_(tail_bytes),
      state_(connection),
      finder_(connection),
      names_(connection),
      rows_(connection) {}

// Where something is foreign, the whole file is looked at, to tell whether it can be adopted.
template <class Function>
auto UserReader::at_one_moment(Function&& function) {
  const sqlite::ReadTransaction moment(connection_);
  try {
    return function(read_state_of(store_id_, state_, connection_));
  } catch (const model::Failure& failure) {
    finder_.reset();
    refuse_foreign(connection_, failure);
  }
}

// --- Single users. ---

namespace {

bool is_id(const UserRef& user) noexcept {
  return model::parse_user_id(user.text()).has_value();
}

// An external id has not the form of an id.
bool names_by_id(const UserRef& user) noexcept {
  return user.kind() == UserRef::Kind::id || is_id(user);
}

}   // namespace

UserReader::Names UserReader::look_up(std::span<const UserRef> users) {
  Names names;
  for (const UserRef& user : users) {
    if (!names_by_id(user)) names.emplace(user.text(), sqlite::ExternalIdFinder::kNobody);
  }
  names_.find(names);
  return names;
}

// Living or deleted. It stands until the finder is reset, or asked again.
std::optional<sqlite::UserTable::Row> UserReader::row_of(const UserRef& user, const Names& names,
                                                         const State& state) {
  if (names_by_id(user)) {
    const bool may_be = is_id(user) && user.kind() != UserRef::Kind::external_id;
    return may_be ? find_row(user.text(), state.last_ordinal, finder_) : std::nullopt;
  }
  const std::uint32_t ordinal = names.at(user.text());
  return ordinal == sqlite::ExternalIdFinder::kNobody ? std::nullopt : finder_.find_from(ordinal);
}

RecordPtr UserReader::record_of(const sqlite::UserTable::Row& row, const State& state) {
  auto record = to_record(row, state, decoder_);
  if (record) return *std::move(record);
  const auto& [code, what] = record.error();
  refuse_problem(wrong_row(row.ordinal, row.id, code, what));
  return {};
}

std::vector<RecordPtr> UserReader::find_each(std::span<const UserRef> users) {
  return at_one_moment([&](const State& state) {
    std::vector<RecordPtr> records;
    std::vector<std::uint32_t> ordinals;
    const Names names = look_up(users);
    for (const UserRef& user : users) {
      const auto row = row_of(user, names, state);
      const bool lives = row && row->tags;
      records.push_back(lives ? record_of(*row, state) : RecordPtr());
      if (lives) ordinals.push_back(row->ordinal);
      finder_.reset();
    }
    Tail tail;
    tail.read_of(ordinals, connection_, state);
    for (RecordPtr& record : records) {
      if (record) tail.lay_over(record);
    }
    return records;
  });
}

std::optional<HistoryTarget> UserReader::target(const UserRef& user) {
  return at_one_moment([&](const State& state) -> std::optional<HistoryTarget> {
    const auto row = row_of(user, look_up({&user, 1}), state);
    if (!row) return std::nullopt;
    const RecordPtr record = record_of(*row, state);
    finder_.reset();
    return HistoryTarget{{record->ordinal(), std::string(record->id()), std::string(record->external_id())},
                         state.revision,
                         !record->is_tombstone()};
  });
}

// --- Many users. ---

UserReader::Page UserReader::list(std::uint32_t after, std::size_t limit) {
  return at_one_moment([&](const State& state) {
    Page page{.records = {}, .more = false, .revision = state.revision};
    if (after == UINT32_MAX) return page;
    std::vector<std::uint32_t> ordinals;
    {
      const sqlite::UserTable::Reader::Walk walk(rows_, after + 1);
      while (const auto row = rows_.next()) {
        if (!row->tags) continue;
        page.more = page.records.size() == limit;
        if (page.more) break;
        page.records.push_back(record_of(*row, state));
        ordinals.push_back(row->ordinal);
      }
    }
    Tail tail;
    tail.read_of(ordinals, connection_, state);
    for (RecordPtr& record : page.records) tail.lay_over(record);
    return page;
  });
}

// No user is left behind on whom the log had a word.
void UserReader::read_on(Tail& tail, const State& state) {
  tail.expect_nothing_left();
  tail.read_from(static_cast<std::uint32_t>(tail.end()), connection_, state);
}

void UserReader::walk(const Visitor& visitor, const State& state) {
  Tail tail(tail_bytes_);
  model::Digest digest;
  std::uint32_t last = 0;
  IdOrder order;
  const sqlite::UserTable::Reader::Walk walk(rows_, 0);
  while (const auto row = rows_.next()) {
    expect_order(*row, last);
    last = row->ordinal;
    while (last >= tail.end()) read_on(tail, state);
    RecordPtr record = record_of(*row, state);
    if (!order.takes(*record)) refuse_problem(wrong_row(*record, kIdOutOfOrder));
    const bool was_behind = tail.lay_over(record);
    if (record->is_tombstone()) continue;
    digest += model::user_hash(*record);
    if (!visitor(std::move(record), was_behind)) return;
  }
  while (!tail.has_ended()) read_on(tail, state);
  tail.expect_nothing_left();
  expect_digest(digest, state, refuse_problem);
}

void UserReader::for_each(const OnMoment& on_moment, const Visitor& visitor) {
  at_one_moment([&](const State& state) {
    if (on_moment(info_at(state))) walk(visitor, state);
  });
}

StoreInfo UserReader::info(const Visitor& visitor) {
  return at_one_moment([&](const State& state) {
    if (visitor) walk(visitor, state);
    return info_at(state);
  });
}

StoreInfo UserReader::info_at(const State& state) {
  StoreInfo info;
  info.revision = state.revision;
  info.position = model::PositionAccess::make(store_id_, state.epoch, state.revision);
  info.users_ever = state.last_ordinal;
  if (state.last_id != model::Uuid{})
    info.last_id = model::format_typeid(model::kUserIdPrefix, state.last_id);
  info.digest = state.digest.hex();
  info.tokens = state.last_token + 1 - state.token_floor;
  info.log_floor = state.log_floor;
  info.folded_revision = state.folded_revision;
  info.database_bytes = connection_.database_bytes();
  info.wal_bytes = static_cast<std::uint64_t>(sqlite::wal_length(connection_));
  info.settings = state.settings;
  return info;
}

}   // namespace usertags::store
