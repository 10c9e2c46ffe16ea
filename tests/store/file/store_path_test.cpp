#include "store/file/store_path.hpp"

#include <gtest/gtest.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <string>

#include "support/answers.hpp"
#include "support/outcome_of.hpp"
#include "support/temp_dir.hpp"

namespace usertags::store {
namespace {

namespace fs = std::filesystem;

class StorePathTest : public testing::Test {
 protected:
  StorePath resolve(const fs::path& path) const { return resolve_store_path(path, false); }

  const test::TempDir folder_;
  const fs::path real_ = fs::canonical(folder_.path());
};

// A link that leads to a file which is to be made names that file: SQLite would make it there.
TEST_F(StorePathTest, ALinkToWhatIsNotThereYetNamesIt) {
  fs::create_directory(folder_ / "data");
  fs::create_symlink("data/tonight.db", folder_ / "latest.db");
  fs::create_symlink(folder_ / "latest.db", folder_ / "link of a link.db");
  fs::create_directory_symlink("data", folder_ / "folder");
  for (const fs::path& name : {folder_ / "latest.db", folder_ / "link of a link.db",
                               folder_ / "folder" / "tonight.db", folder_ / "folder" / ".." / "latest.db"}) {
    const StorePath place = resolve(name);
    EXPECT_EQ(place.path, real_ / "data" / "tonight.db") << name;
    EXPECT_FALSE(place.exists);
  }
  std::ofstream(folder_ / "data" / "tonight.db") << "here";
  EXPECT_EQ(resolve(folder_ / "link of a link.db").path, real_ / "data" / "tonight.db");
  EXPECT_TRUE(resolve(folder_ / "link of a link.db").exists);
}

TEST_F(StorePathTest, ALinkThatLeadsNowhereIsToldSo) {
  fs::create_symlink("ring b", folder_ / "ring a");
  fs::create_symlink("ring a", folder_ / "ring b");
  fs::create_symlink("missing/users.db", folder_ / "lost");
  const auto ring = test::failure_of([&] { resolve(folder_ / "ring a"); });
  ASSERT_TRUE(ring);
  EXPECT_EQ(*ring, ErrorCode::io_error);
  EXPECT_EQ(ring->system_error(), ELOOP);
  const auto lost = test::failure_of([&] { resolve(folder_ / "lost"); });
  ASSERT_TRUE(lost);
  EXPECT_TRUE(lost->message().contains("there is no folder '" + (real_ / "missing").string() + '\''))
      << lost->message();
}

TEST_F(StorePathTest, AStoreMadeThroughALinkHasOneSidecar) {
  fs::create_symlink("users.db", folder_ / "latest.db");
  const auto store = test::must(UserTagStore::open(folder_ / "latest.db"));
  EXPECT_TRUE(fs::exists(folder_ / "users.db.lock"));
  EXPECT_FALSE(fs::exists(folder_ / "latest.db.lock"));
  EXPECT_EQ(test::code_of(UserTagStore::open(folder_ / "users.db")), ErrorCode::store_locked);
}

TEST_F(StorePathTest, ACopyGoesToTheFileThatALinkNames) {
  auto store = test::must(UserTagStore::open(folder_ / "users.db"));
  test::must(store.create_user("ann"));
  fs::create_symlink("tonight.db", folder_ / "latest.db");
  for (int again = 0; again < 2; ++again) test::must(store.backup(folder_ / "latest.db"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "latest.db"));
  EXPECT_TRUE(fs::is_regular_file(fs::symlink_status(folder_ / "tonight.db")));
  EXPECT_TRUE(test::must(UserTagStore::open(folder_ / "tonight.db")).find("ann"));
}

}   // namespace
}   // namespace usertags::store
