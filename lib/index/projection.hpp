// Projection: the log's image in memory. It makes committed changes visible, all at once and without a way
// to fail, and lets readers see one moment.
//
// Visibility. `visible_revision` is flipped once for each group. Before the flip, the group's records are
// swapped in one by one under the directory's small shard locks, each keeping its predecessor beside it;
// a look-up takes the newest version that is not younger than the visible revision. So `find` never waits for
// a group, and no reader sees half of one. After the flip, predecessors are dropped, unless a Snapshot pins
// an older moment.
//
// Moments. Reads of many users (`find_each`, `list`) and of the tag index hold the moment lock shared;
// `prepare` and `publish` hold it exclusively, for the time of a group in memory, never for a disk. A
// Snapshot costs no lock while it lives: it keeps old versions alive instead.
//
// One thread at a time prepares and publishes. All else may be called from any thread.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include <usertags/user_ref.hpp>

#include "index/directory.hpp"
#include "index/moment_lock.hpp"
#include "index/tag_index.hpp"
#include "model/record.hpp"

namespace usertags::index {

// One user's step from version to version. A creation has no `before`; the `after` of a deletion is a
// tombstone.
struct Step {
  model::RecordPtr before;
  model::RecordPtr after;
};

class Projection {
 public:
  Projection();
  ~Projection();

  // Fills an empty projection, before anything else: live users in order of their ordinals, with unique
  // external ids. Throws std::bad_alloc, and Failure (corrupt_store) where two users share an external id or
  // ids do not grow with ordinals.
  void load(std::span<const model::RecordPtr> records, std::uint64_t revision);

  // --- Publishing. ---

  class Publication;
  // Does everything about the steps that can fail, and shows none of it. Revisions must ascend from the
  // newest published one. Throws std::bad_alloc. Dropping the publication instead of publishing it undoes
  // the preparation.
  std::unique_ptr<Publication> prepare(std::vector<Step> steps);
  void publish(std::unique_ptr<Publication> publication) noexcept;

  // --- Reading. ---

  std::uint64_t visible_revision() const noexcept { return visible_.load(std::memory_order_acquire); }

  // Calls function(const Record&) under the user's shard lock; false where there is no such user.
  template <class Function>
  bool visit(const UserRef& ref, Function&& function) const;
  // Null where there is no such user.
  model::RecordPtr find(const UserRef& ref) const noexcept;

  struct Found {
    std::vector<model::RecordPtr> records;   // null where there is no such user
    std::uint64_t revision = 0;
  };
  Found find_each(std::span<const UserRef> refs) const;   // throws std::bad_alloc

  struct Page {
    std::vector<model::RecordPtr> records;
    bool more = false;
    std::uint64_t revision = 0;
  };
  // Users with ordinals above `after`, in that order. Throws std::bad_alloc.
  Page list(std::uint32_t after, std::size_t limit) const;

  // One moment, held without a lock: every user as of `revision()`.
  class Snapshot;
  Snapshot pin() const;   // throws std::bad_alloc

  // --- Proof and figures. ---

  struct Counters {
    std::uint64_t users = 0;
    std::uint64_t tags = 0;
    std::uint64_t tag_keys = 0;
    std::uint64_t tag_values = 0;
    std::uint64_t record_bytes = 0;
    std::uint64_t directory_bytes = 0;
    std::uint64_t tag_index_bytes = 0;
  };
  Counters counters() const noexcept;

  // Compares the tag index with the users' tags, a stretch at a time so that publishing goes on in between;
  // calls report(key, value, what) for each difference.
  template <class Report>
  void check_tag_index(Report&& report) const;
};

}   // namespace usertags::index
