// The set-up of tests that look at a whole database with its files.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>

#include "samples.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {

class DatabaseFiles : public testing::Test {
 protected:
  // Commits the changes from `first` to `last`, each in a group of its own.
  static void commit_changes(sqlite::Database& database, std::uint64_t first, std::uint64_t last) {
    for (std::uint64_t revision = first; revision <= last; ++revision) {
      ASSERT_EQ(commit_change(database, revision).outcome, sqlite::CommitOutcome::committed);
    }
  }
  // What a store that is opened from the files is at.
  std::uint64_t revision_after_reopening() const {
    sqlite::Database database(config_of(path_), first_state());
    return database.state().read().revision;
  }

  const TempDir folder_;
  const std::filesystem::path path_ = folder_ / "a.db";
  const std::filesystem::path wal_ = folder_ / "a.db-wal";
};

}   // namespace usertags::test
