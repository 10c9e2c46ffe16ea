#include "store/file/partial_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "support/outcome_of.hpp"
#include "support/temp_dir.hpp"

namespace usertags::store {
namespace {

namespace fs = std::filesystem;
using test::outcome_of;

class FileMoves : public testing::Test {
 protected:
  fs::path make(const char* name, const std::string& text) const {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }
  static std::string text_of(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  test::TempDir folder_{test::memory_folder()};
};

TEST_F(FileMoves, OverAFileTheNewOneIsThere) {
  const fs::path from = make("from", "new");
  const fs::path to = make("to", "old");
  move_over(from, to);
  EXPECT_EQ(text_of(to), "new");
  EXPECT_FALSE(fs::exists(from));
}

TEST_F(FileMoves, ToANewNameOnlyWhereThereIsNone) {
  const fs::path from = make("from", "new");
  const fs::path to = make("to", "old");
  EXPECT_EQ(outcome_of([&] { move_to_new(from, to); }), "busy");
  EXPECT_EQ(text_of(to), "old");
  EXPECT_EQ(text_of(from), "new");
  fs::remove(to);
  move_to_new(from, to);
  EXPECT_EQ(text_of(to), "new");
}

TEST_F(FileMoves, WhatCannotBeDoneIsSaid) {
  const fs::path from = make("from", "new");
  EXPECT_EQ(outcome_of([&] { move_over(from, folder_ / "missing" / "to"); }), "io_error");
  EXPECT_EQ(outcome_of([&] { move_to_new(from, folder_ / "missing" / "to"); }), "io_error");
  EXPECT_EQ(outcome_of([&] { sync_folder(folder_ / "missing"); }), "io_error");
  EXPECT_EQ(outcome_of([&] { sync_folder(folder_.path()); }), "ok");
}

TEST_F(FileMoves, APartialFileGoesWithAllThatIsBesideIt) {
  {
    const PartialFile file(folder_.path(), 0600);
    const PartialFile another(folder_.path(), {});
    EXPECT_NE(file.path(), another.path());
    for (const char* suffix : {"-wal", "-shm", "-journal"})
      std::ofstream(file.path().string() + suffix) << "x";
    EXPECT_EQ(fs::status(file.path()).permissions(), fs::perms::owner_read | fs::perms::owner_write);
  }
  EXPECT_TRUE(fs::is_empty(folder_.path()));
}

}   // namespace
}   // namespace usertags::store
