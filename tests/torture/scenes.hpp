// Scenes: the lives of stores that the rows about the disk break, each with another part of the engine at
// work.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "support/fault_vfs.hpp"
#include "torture/disk_recorder.hpp"
#include "torture/life.hpp"

namespace usertags::torture {

enum class Step : std::uint8_t {
  open,
  write,         // three, one by one
  group,         // apply_each of eight
  transaction,   // apply_all of six
  where,         // apply_where, or delete_where
  settings,
  maintain,
  checkpoint,
  compact,
  close,
  drop,
  fail_wal_sync,        // the next one
  fail_database_sync,   // likewise
};

struct Scene {
  const char* name;
  Durability durability = Durability::full;
  Housekeeping housekeeping{};
  std::uint64_t min_changes = 100'000;   // History
  bool has_tokens = false;
  // The store is there, and open. A step that fails ends the store; it is opened again.
  std::vector<Step> steps{};
};

std::span<const Scene> scenes();

// Options of the scene's store.
Options options_of(const Scene& scene);

void expect_success(const char* what, const Life::Answer& answer);

// Does one step; what it answers is the store's own error.
Life::Answer take(Step step, Life& life, test::FaultVfs& faults);

struct Recorded {
  DiskRecord record;
  Past past;
  DiskImage end;           // the files in the end
  std::size_t start = 0;   // the operations of making the store, which only one scene is about
};

enum class WalSyncs : std::uint8_t { done, ignored };

// Lives it, on real files in memory.
Recorded live(const Scene& scene, std::uint64_t seed, WalSyncs wal_syncs = WalSyncs::done);

}   // namespace usertags::torture
