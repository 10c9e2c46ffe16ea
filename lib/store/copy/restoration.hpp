// Restoration: what stands behind Restorer. A file of another name takes the users, in transactions of a few thousand;
// the last one brings the commit record. Then it is proved and moved, as a backup is. Here failures are still thrown
// (model::Failure, std::bad_alloc); restorer.cpp turns them into values.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <boost/unordered/unordered_flat_set.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string_view>
#include <utility>

#include <usertags/restorer.hpp>

#include "model/batch_plan.hpp"
#include "model/digest.hpp"
#include "model/record.hpp"
#include "sqlite/database.hpp"
#include "sqlite/state.hpp"
#include "sqlite/transaction.hpp"
#include "store/copy/backup.hpp"
#include "store/file/fork_guard.hpp"
#include "store/file/partial_file.hpp"

namespace usertags::store {

class Restoration {
 public:
  Restoration(const std::filesystem::path& path, const RestoredStore& store, const RestoreOptions& options);

  bool forked() const noexcept { return fork_guard_.forked(); }

  void add(const RestoredUser& user);
  void finish(std::optional<std::string_view> digest);

 private:
  enum class Stage : std::uint8_t { open, failed, finished };

  // 128 bits of a hash: that two external ids have the same is not to be expected.
  using NameHash = std::pair<std::uint64_t, std::uint64_t>;

  void expect_open() const;
  model::RecordPtr judged(const RestoredUser& user);
  model::Uuid judged_id(const RestoredUser& user) const;
  void refuse_taken(std::string_view external_id);
  void write(const model::Record& user, std::string_view external_id);
  void commit();
  void write_state();

  std::optional<BackupTarget> target_;   // with its lock, until the store is in place
  PartialFile partial_;
  sqlite::State state_;   // as it will be, but for what is counted here
  sqlite::Database database_;
  std::optional<sqlite::Transaction> transaction_;
  std::size_t uncommitted_ = 0;   // users
  Stage stage_ = Stage::open;
  model::Uuid last_id_{};   // of the user who was added last
  model::BatchPlanner planner_;
  boost::unordered_flat_map<NameHash, std::uint32_t> names_;   // ordinals by external id
  boost::unordered_flat_set<std::uint64_t> revisions_;
  ForkGuard fork_guard_;
};

}   // namespace usertags::store
