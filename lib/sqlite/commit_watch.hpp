// Whether others have committed to a file.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>

#include "sqlite/connection.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {

// A number that changes whenever another connection commits, and only then: the cheap look whether a file has
// changed. One thread at a time.
class DataVersion {
 public:
  explicit DataVersion(Connection& connection) : statement_(connection, "PRAGMA data_version") {}

  // Of the transaction's moment, or of now where there is none. Throws Failure.
  std::int64_t read() {
    const ResetAtEnd reset(statement_);
    statement_.step();
    return statement_.integer(0);
  }

 private:
  Statement statement_;
};

// Tells whether anybody has committed to a file since the watch began, over a connection of its own. The
// writing connection tells by itself, with DataVersion, until an operation of its own fails in the midst of
// writing pages: it throws its cache away then, and SQLite counts that as if the file had changed.
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
