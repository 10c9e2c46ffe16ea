// Epochs grow by random steps, so that the lives of a store and of its copies are told apart.
#include "store/file/entropy.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <set>
#include <string>

#include "support/answers.hpp"
#include "support/fault_vfs.hpp"
#include "support/rewrite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::store {
namespace {

namespace fs = std::filesystem;
using test::must;

constexpr std::uint64_t kLast = std::numeric_limits<std::int64_t>::max();

TEST(NextEpoch, IsGreaterByOneToTwoToTheThirtyTwo) {
  EXPECT_EQ(next_epoch(7, 0), 8U);
  EXPECT_EQ(next_epoch(7, std::uint64_t{1} << 32), 8U);
  EXPECT_EQ(next_epoch(7, 0xffffffff), 7 + (std::uint64_t{1} << 32));
  EXPECT_EQ(next_epoch(7, std::numeric_limits<std::uint64_t>::max()), 7 + (std::uint64_t{1} << 32));
}

TEST(NextEpoch, EndsAtTheLastThatTheFileCanHold) {
  EXPECT_EQ(next_epoch(kLast - 1, 0), kLast);
  EXPECT_EQ(next_epoch(kLast - 1, 0xffffffff), kLast);
  EXPECT_EQ(next_epoch(kLast, 0), kLast);
}

class Epoch : public testing::Test {
 protected:
  // The store's files as a crash leaves them.
  void crash_into(const fs::path& copy) const {
    fs::copy_file(path_, copy, fs::copy_options::overwrite_existing);
    fs::copy_file(path_.string() + "-wal", copy.string() + "-wal", fs::copy_options::overwrite_existing);
  }
  static std::uint64_t epoch_of(const fs::path& path) {
    return must(UserTagStore::open(path)).position().epoch();
  }

  test::TempDir folder_{test::memory_folder()};
  fs::path path_ = folder_ / "users.db";
};

TEST_F(Epoch, LivesThatGoOnFromOneCrashAllGetEpochsOfTheirOwn) {
  auto store = must(UserTagStore::open(path_));
  must(store.create_user("ann"));
  std::set<std::uint64_t> epochs{store.position().epoch()};
  for (int life = 0; life < 20; ++life) {
    const fs::path copy = folder_ / std::to_string(life);
    crash_into(copy);
    EXPECT_GT(epoch_of(copy), store.position().epoch());
    epochs.insert(epoch_of(copy));
  }
  EXPECT_EQ(epochs.size(), 21U);
}

TEST_F(Epoch, StaysAfterAnOrderlyClose) {
  auto store = must(UserTagStore::open(path_));
  must(store.create_user("ann"));
  const std::uint64_t epoch = store.position().epoch();
  must(store.close());
  EXPECT_EQ(epoch_of(path_), epoch);
}

// Were the mark of the orderly close to come back with a power loss, the epoch would be that of changes that
// are lost.
TEST_F(Epoch, TheFirstCommitOfASessionIsSyncedWhateverOptionsSay) {
  test::FaultVfs vfs;
  Options options;
  options.durability = Durability::relaxed;
  const auto syncs = [&] { return vfs.count(test::FileOperation::sync, test::FileRole::wal); };
  for (int session = 0; session < 3; ++session) {
    auto store = must(UserTagStore::open(path_, options));
    const std::uint64_t before = syncs();
    if (session == 1)
      must(store.change_settings({.tags_per_user = 100}));
    else
      must(store.create_user("ann " + std::to_string(session)));
    const std::uint64_t first = syncs();
    EXPECT_GT(first, before) << session;
    must(store.create_user("ben " + std::to_string(session)));
    EXPECT_EQ(syncs(), first) << session;
    must(store.close());
  }
}

TEST_F(Epoch, TheLastOneIsKeptAndTheStoreGoesOn) {
  {
    auto store = must(UserTagStore::open(path_));
    must(store.create_user("ann"));
    must(store.close());
  }
  test::rewrite_state(path_, [](sqlite::State& state) {
    state.epoch = kLast;
    state.clean = false;
  });
  auto store = must(UserTagStore::open(path_));
  EXPECT_EQ(store.position().epoch(), kLast);
  EXPECT_TRUE(store.create_user("bob"));
  EXPECT_TRUE(must(store.verify()).ok());
}

}   // namespace
}   // namespace usertags::store
