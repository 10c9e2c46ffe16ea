// Compaction: gives the file's free pages back to the file system.
//
//   empty the WAL ─▶ fold and prune what is due ─▶ VACUUM, into the WAL ─▶ empty the WAL: the file shrinks
//
// A reader that pins the WAL is found before the work begins, and nothing is done then. One that comes
// meanwhile keeps the file as long as it was: it shrinks with a later checkpoint.
#pragma once

#include <usertags/progress.hpp>

#include "sqlite/database.hpp"
#include "store/write/writer.hpp"

namespace usertags::store {

class Compaction {
 public:
  // Under the lead, of a store in a file.
  Compaction(sqlite::Database& database, Writer& writer, const Progress& progress) noexcept
      : database_(database), writer_(writer), progress_(progress) {}

  // Throws Failure: store_failed; cancelled, busy, disk_full and what else leaves the file as it was;
  // outcome_unknown where it failed on its way to the disk, and the store stops.
  void run();

 private:
  void ask();
  void fold_and_prune();
  void vacuum();
  void give_up_wal() noexcept;
  void shrink();

  sqlite::Database& database_;
  Writer& writer_;
  const Progress& progress_;
};

}   // namespace usertags::store
