// CommitWatch: tells whether anybody has committed to a file since the watch began, over a connection of its
// own.
//
// The writing connection tells by itself, with `PRAGMA data_version`, until an operation of its own fails in
// the midst of writing pages: it throws its cache away then, and SQLite counts that as if the file had
// changed.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "sqlite/connection.hpp"
#include "sqlite/data_version.hpp"

namespace usertags::sqlite {

class CommitWatch {
 public:
  // Reads `file` beside its writer. Throws Failure.
  CommitWatch(const std::filesystem::path& file, std::chrono::milliseconds busy_timeout);

  void begin();   // now; throws Failure
  // Of any connection, since it began. To be asked once. Throws Failure.
  bool saw_commit();

  void abandon() noexcept { connection_.abandon(); }   // in a child after fork

 private:
  Connection connection_;
  DataVersion version_;
  std::int64_t begun_at_ = 0;
};

}   // namespace usertags::sqlite
