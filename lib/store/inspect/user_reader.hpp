// UserReader: users as they are at one moment of a file, read without loading it: rows of table `user`, with
// what the log has beyond the fold laid over them (Tail). What is read is proved: rows by their checksums, the
// log by its chain, and all users together by the digest of the commit record. What is not read is not.
//
// Each call is one read transaction. One thread at a time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include <usertags/inspector.hpp>
#include <usertags/user_ref.hpp>

#include "model/change.hpp"
#include "model/record.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/external_id_hashes.hpp"
#include "sqlite/state.hpp"
#include "sqlite/tables.hpp"
#include "store/inspect/tail.hpp"
#include "store/read/feed.hpp"

namespace usertags::store {

class UserReader {
 public:
  // Of the store with this id, as LogReader.
  UserReader(sqlite::Connection& connection, const sqlite::StoreId& store_id,
             std::size_t tail_bytes = Tail::kBytes);

  // records[i] is users[i]; null where there is none. They throw Failure, and std::bad_alloc.
  std::vector<model::RecordPtr> find_each(std::span<const UserRef> users);

  struct Page {
    std::vector<model::RecordPtr> records;   // the living with ordinals behind `after`, in order
    bool more = false;
    std::uint64_t revision = 0;
  };
  Page list(std::uint32_t after, std::size_t limit);

  // Calls visitor(record, was_behind) for all living users, in order, until it answers false: `was_behind` where
  // the row was older than the log. Before, on_moment(info) is told of the moment, and ends it likewise. Throws what
  // they throw, too.
  using OnMoment = std::function<bool(const StoreInfo& info)>;
  using Visitor = std::function<bool(model::RecordPtr record, bool was_behind)>;
  void for_each(const OnMoment& on_moment, const Visitor& visitor);

  // Whose history it is; none where there is no such user, and no trace of one.
  std::optional<HistoryTarget> target(const UserRef& user);

  // What the commit record says, at the moment at which the visitor, where there is one, saw all users.
  StoreInfo info(const Visitor& visitor = {});

 private:
  template <class Function>
  auto at_one_moment(Function&& function);
  // Ordinals by external id.
  using Names = sqlite::ExternalIdFinder::Ordinals;
  Names look_up(std::span<const UserRef> users);
  std::optional<sqlite::UserTable::Row> row_of(const UserRef& user, const Names& names,
                                               const sqlite::State& state);
  StoreInfo info_at(const sqlite::State& state);
  void walk(const Visitor& visitor, const sqlite::State& state);
  void read_on(Tail& tail, const sqlite::State& state);
  model::RecordPtr record_of(const sqlite::UserTable::Row& row, const sqlite::State& state);

  sqlite::Connection& connection_;
  const sqlite::StoreId store_id_;
  const std::size_t tail_bytes_;
  sqlite::StateTable state_;
  sqlite::UserTable::Finder finder_;
  sqlite::ExternalIdFinder names_;
  sqlite::UserTable::Reader rows_;
  model::PatchDecoder decoder_;
};

}   // namespace usertags::store
