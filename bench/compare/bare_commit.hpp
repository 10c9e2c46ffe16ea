// BareCommit: what SQLite alone takes for the commit of one update, as usertags makes it: a row more in a
// log, and another in a table of one row, both in pages of 8 KiB, by statements that are prepared, synced. No
// judgement, no index, nobody else at the file. What usertags takes beyond that is its own.
#pragma once

#include <cstdint>
#include <filesystem>

#include "measure.hpp"
#include "sqlite.hpp"

namespace usertags::bench {

class BareCommit {
 public:
  explicit BareCommit(const std::filesystem::path& file);

  // The time of each, until the turn is over.
  Times run_for(double turn_us);

 private:
  void commit();

  Sqlite connection_;
  Statement begin_;
  Statement append_;
  Statement record_;
  Statement commit_;
  std::int64_t number_ = 0;
};

}   // namespace usertags::bench
