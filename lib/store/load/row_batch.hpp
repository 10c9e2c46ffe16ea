// RowBatch: rows of table `user` that were read and are still to be judged, and made records of: about half of the
// work of reading them, which another thread can do while SQLite reads on.
#pragma once

#include <cstddef>
#include <memory_resource>
#include <vector>

#include "model/digest.hpp"
#include "model/record.hpp"
#include "sqlite/state.hpp"
#include "sqlite/tables.hpp"
#include "store/load/log_walk.hpp"

namespace usertags::store {

class RowBatch {
 public:
  bool is_full() const noexcept { return rows_.size() >= kRows; }
  // Copies the row's texts. Throws std::bad_alloc.
  void add(const sqlite::UserTable::Row& row);

  struct Users {
    std::vector<model::RecordPtr> records;   // tombstones, too; those of rows that are none are left out
    model::Digest digest;                    // of the living
    std::vector<FileProblem> problems;       // of rows, in their order
  };
  // Holds each row against the commit record (to_record). Throws std::bad_alloc.
  Users users(const sqlite::State& state) const;

 private:
  // Some milliseconds of work: much more than it takes to make a thread.
  static constexpr std::size_t kRows = 8192;

  std::pmr::monotonic_buffer_resource texts_{kRows * 128};
  std::vector<sqlite::UserTable::Row> rows_;
};

}   // namespace usertags::store
