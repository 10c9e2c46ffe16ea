#include "store/copy/compaction.hpp"

#include <new>
#include <string>
#include <utility>

#include "model/failure.hpp"
#include "sqlite/transaction.hpp"

namespace usertags::store {
namespace {

Error unknown(const Error& cause) noexcept {
  return sqlite::outcome_unknown("the compaction", cause,
                                 "close the store and open it again: its data are the same in either case");
}

}   // namespace

void Compaction::run() {
  ask();
  writer_.guard([&] { writer_.empty_wal(); });
  fold_and_prune();
  vacuum();
  shrink();
}

void Compaction::ask() {
  const std::uint64_t pages = database_.pages_in_use();
  if (progress_ && !progress_(0, pages)) model::fail(ErrorCode::cancelled, "the compaction was cancelled");
}

void Compaction::fold_and_prune() {
  for (bool more = true; more; ask()) {
    writer_.guard([&] { more = writer_.file().maintain(FileWriter::kMaintenanceUsers); });
    if (database_.wal_bytes() > std::uint64_t{64} << 20) writer_.try_checkpoint();
  }
}

void Compaction::vacuum() {
  const sqlite::Transaction::Commit result = writer_.file().vacuum(progress_);
  switch (result.outcome) {
    case sqlite::CommitOutcome::committed: return;
    case sqlite::CommitOutcome::not_applied: give_up_wal(); throw model::Failure{*result.error};
    case sqlite::CommitOutcome::unknown: break;
  }
  const Error error = unknown(*result.error);
  writer_.note_failure(error);
  throw model::Failure{error};
}

// What was written into the WAL is void, but takes room, perhaps all that the disk had.
void Compaction::give_up_wal() noexcept {
  try {
    writer_.guard([&] { writer_.empty_wal(); });
  } catch (const model::Failure&) {   // noted; the next checkpoint does it
  } catch (const std::bad_alloc&) {
  }
}

void Compaction::shrink() {
  try {
    writer_.guard([&] { writer_.empty_wal(); });
  } catch (const model::Failure& failure) {
    if (failure.error != ErrorCode::busy) throw;
    writer_.try_checkpoint();   // takes the figures
  }
}

}   // namespace usertags::store
