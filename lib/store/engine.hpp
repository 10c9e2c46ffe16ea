// Engine: what stands behind UserTagStore: memory, and a Writer or a Follower that keeps it up with the file.
// Here failures are still thrown (model::Failure, std::bad_alloc); user_tag_store.cpp turns them into values.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <span>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "store/file/fork_guard.hpp"
#include "store/memory/memory.hpp"
#include "store/memory/settings.hpp"
#include "store/read/feed.hpp"
#include "store/read/follower.hpp"
#include "store/read/membership.hpp"
#include "store/read/queries.hpp"
#include "store/watch/telemetry.hpp"
#include "store/where.hpp"
#include "store/write/judge.hpp"
#include "store/write/request.hpp"
#include "store/write/submissions.hpp"
#include "store/write/writer.hpp"

namespace usertags::store {

class Engine {
 public:
  // No path: a store in memory. With an outer log, a member of a cluster.
  Engine(const std::optional<std::filesystem::path>& path, const Options& options,
         OuterLog* outer_log = nullptr);
  Engine(const Engine&) = delete;
  Engine& operator=(const Engine&) = delete;
  ~Engine();

  bool forked() const noexcept { return fork_guard_->forked(); }

  // Why nothing can be read, or written, if so.
  std::optional<ErrorCode> refuses_reads() const noexcept;
  std::optional<ErrorCode> refuses_writes() const noexcept;

  Result<Applied> write(const WriteView& write);
  void write_each(std::span<const Write> writes, std::span<Result<Applied>> outcomes);
  Result<std::vector<Applied>> write_all(std::span<const Write> writes);
  Result<void> submit(std::vector<Write>&& writes, Done done);
  Result<void> drain();
  // Calls the function under no lock. Where it could not decide, it is not asked again, and the answer means nothing.
  Result<Applied> modify(const UserRef& user, const ApplyOptions& options, const Decision& decide);
  // Likewise (where.hpp).
  Result<void> modify_where(const Selector& selector, const WhereOptions& options, const WhereWork& work,
                            WhereOutcome& outcome);
  Result<Applied> plan(const PatchView& patch) const;

  Result<User> find(const UserRef& user) const;
  std::vector<Result<User>> find_each(std::span<const UserRef> users) const;
  template <class Function>
  Result<void> read(const UserRef& user, Function&& function) const;
  Queries queries() const noexcept { return {memory_.projection, store_id_}; }
  std::uint64_t revision() const noexcept { return memory_.projection.visible_revision(); }

  Feed& feed() noexcept { return *feed_; }
  Result<Position> membership_changes(const Selector& selector, const Position& after,
                                      const AskOptions& options, const MembershipVisitor& function);

  // Both answer the newest visible revision.
  std::uint64_t refresh();
  Result<std::uint64_t> read_at_least(std::uint64_t revision, std::chrono::milliseconds timeout);

  StoredSettings settings() const { return settings_.get(); }
  Result<StoredSettings> change_settings(const SettingsChange& change,
                                         std::optional<std::uint64_t> expected_version);

  VerifyReport verify() const;
  void backup(const std::filesystem::path& target, const Progress& progress) const;
  Stats stats() const noexcept;
  std::string metrics_text() const;
  void checkpoint();
  void maintain(std::chrono::milliseconds budget);
  void compact(const Progress& progress);
  Result<void> close();

  // --- With an outer log: what drives the store from behind it (outer_log.hpp). They throw Failure. ---

  sqlite::State state();   // of the file
  bool apply(const Entry& entry);
  void lead() { writer_->lead(); }
  // Calls the function while no group is under way.
  void between_groups(const std::function<void()>& function);
  void bind(const sqlite::Binding& binding, std::uint64_t epoch) { writer_->bind(binding, epoch); }
  std::optional<std::uint64_t> sync() { return writer_->sync(); }

 private:
  void open(OuterLog* outer_log);
  void go_on_from(const sqlite::State& state);
  std::string name() const;                  // in messages
  bool has_readable_file() const noexcept;   // by connections other than the writing one
  std::shared_lock<std::shared_mutex> keep_open() const;
  void expect_whole_file() const;
  VerifyReport verify_aside() const;
  void try_to_refresh() const;
  void release(bool fold);
  void abandon() noexcept;   // in a child after fork

  const Options options_;
  const std::filesystem::path path_;   // resolved; empty for a store in memory
  mutable Telemetry telemetry_;
  Memory memory_;
  StoreId store_id_{};
  CurrentSettings settings_;
  std::unique_ptr<Writer> writer_;       // none in a read-only store, …
  std::unique_ptr<Follower> follower_;   // … which has this
  std::optional<Feed> feed_;
  std::atomic<bool> closed_{false};
  mutable std::shared_mutex file_;   // held shared by those who read the file aside for long: close() waits
  std::optional<ForkGuard> fork_guard_;   // last: a store that is not made yet is not used in a child
};

template <class Function>
Result<void> Engine::read(const UserRef& user, Function&& function) const {
  const bool found = memory_.projection.visit(
      user, [&](const model::Record& record) { function(model::UserAccess::view(record)); });
  if (!found) return std::unexpected(no_such_user(user, memory_.shard));
  return {};
}

}   // namespace usertags::store
