// A disk that is really full, and files that may not grow: every answer is one of the three outcomes, what
// was acknowledged stays, and memory equals the file.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "support/answers.hpp"
#include "support/file_size_limit.hpp"
#include "support/settings.hpp"
#include "support/small_disk.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

// Writes until something fails, and knows what was acknowledged.
class Filler {
 public:
  std::optional<Error> write_until_refused(UserTagStore& store) {
    const std::string value(200, 'v');
    for (int attempt = 0; attempt < 100'000; ++attempt, ++next_) {
      const std::string name = "user " + std::to_string(next_);
      const auto created = store.create_user(name, {{"a", value}, {"b", value}, {"c", value}});
      if (!created) return created.error();
      acknowledged_[name] = created->revision;
    }
    return std::nullopt;
  }

  void expect_all_in(const UserTagStore& store) const {
    for (const auto& [name, revision] : acknowledged_) {
      const auto user = store.find(name);
      ASSERT_TRUE(user) << name;
      ASSERT_EQ(user->revision(), revision) << name;
    }
  }
  std::size_t acknowledged() const { return acknowledged_.size(); }

 private:
  int next_ = 0;
  std::map<std::string, std::uint64_t> acknowledged_;
};

class FullDisk : public testing::TestWithParam<std::uintmax_t> {};

TEST_P(FullDisk, LosesNothingAndGoesOnWhenThereIsRoomAgain) {
  const SmallDisk disk("size=4m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  Options options;
  options.housekeeping.backlog_users = 10;
  auto store = must(UserTagStore::open(disk / "users.db", options));
  Filler filler;
  disk.fill(GetParam());

  const auto refused = filler.write_until_refused(store);
  ASSERT_TRUE(refused);
  EXPECT_EQ(refused->code(), ErrorCode::disk_full) << refused->message();
  filler.expect_all_in(store);
  EXPECT_EQ(store.revision(), filler.acknowledged());
  EXPECT_EQ(code_of(store.find("user " + std::to_string(filler.acknowledged()))), ErrorCode::user_not_found);
  EXPECT_TRUE(must(store.verify()).ok());

  disk.free();
  EXPECT_TRUE(store.create_user("after"));
  filler.expect_all_in(store);
  EXPECT_TRUE(must(store.verify()).ok());
  must(store.close());
  store = must(UserTagStore::open(disk / "users.db", options));
  filler.expect_all_in(store);
  EXPECT_TRUE(must(store.verify()).ok());
}

INSTANTIATE_TEST_SUITE_P(BytesLeft, FullDisk, testing::Values(20'000, 65'536, 300'000, 1'000'000));

TEST(FullDiskAtOpen, NothingIsMadeAndTheReasonIsSaid) {
  const SmallDisk disk("size=1m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  disk.fill(0);
  EXPECT_EQ(code_of(UserTagStore::open(disk / "users.db")), ErrorCode::disk_full);
  disk.free();
  EXPECT_TRUE(UserTagStore::open(disk / "users.db"));
}

TEST(FullDiskAtClose, AnUnfinishedCloseLosesNothing) {
  const SmallDisk disk("size=4m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  auto store = must(UserTagStore::open(disk / "users.db"));
  Filler filler;
  disk.fill(500'000);
  ASSERT_TRUE(filler.write_until_refused(store));
  std::ignore = store.close();
  disk.free();
  store = must(UserTagStore::open(disk / "users.db"));
  filler.expect_all_in(store);
  EXPECT_TRUE(must(store.verify()).ok());
}

// More pages than SQLite's cache holds are written before the commit; where that fails, SQLite throws the
// cache away, and counts that as if the file had changed.
TEST(FullDiskInALargeTransaction, IsNotTakenForAForeignWrite) {
  const SmallDisk disk("size=24m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  for (const Access access : {Access::read_write, Access::exclusive}) {
    Options options;
    options.access = access;
    const std::filesystem::path path = disk / (access == Access::exclusive ? "exclusive.db" : "users.db");
    auto store = must(UserTagStore::open(path, options));
    must(store.create_user("first"));
    const std::string value(200, 'v');
    std::vector<Write> writes;
    for (int n = 0; n < 30'000; ++n) {
      writes.push_back(CreateUser{std::to_string(n), {{"a", value}, {"b", value}, {"c", value}}, {}});
    }
    for (int again = 0; again < 2; ++again) {
      EXPECT_EQ(code_of(store.apply_all(writes)), ErrorCode::disk_full);
      const auto after = store.create_user("after " + std::to_string(again));
      EXPECT_TRUE(after) << told(after);
    }
    EXPECT_TRUE(must(store.verify()).ok());
    must(store.close());
    std::filesystem::remove(path);
  }
}

// Room for groups, and none for the fold that comes with them.
TEST(FullDiskForHousekeeping, TheGroupsAreCommittedWithoutIt) {
  const SmallDisk disk("size=40m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  Options options;
  options.housekeeping.backlog_users = 0;   // three fifths of the users
  settings_of(options).history.keep_all = true;
  std::size_t put_off = 0;
  options.log = [&](LogLevel, std::string_view line) {
    put_off += line.starts_with("housekeeping is put off") ? 1U : 0U;
  };
  auto store = must(UserTagStore::open(disk / "users.db", options));
  constexpr int kUsers = 2'000;
  std::vector<Write> creations;
  for (int n = 0; n < kUsers; ++n) {
    TagList tags;
    for (int t = 0; t < 20; ++t) tags.add("k" + std::to_string(t), std::string(190, 'x'));
    creations.push_back(CreateUser{std::to_string(n), std::move(tags), {}});
  }
  for (const auto& created : store.apply_each(creations)) must(created);
  must(store.maintain(std::chrono::hours(1)));
  must(store.checkpoint());
  int value = 0;
  const auto patch = [&](int count) {
    std::vector<Write> patches;
    for (int i = 0; i < count; ++i, ++value)
      patches.push_back(
          PatchUser{std::to_string(value * 3 % kUsers), TagBatch().set("k", std::to_string(value)), {}});
    return store.apply_each(patches);
  };
  for (const auto& answer : patch(750)) must(answer);   // the backlog is nearly at its bound
  must(store.checkpoint());
  disk.fill(2'000'000);

  for (int group = 0; group < 4; ++group) {
    for (const auto& answer : patch(500)) ASSERT_TRUE(answer) << told(answer);
    EXPECT_LT(store.stats().wal_bytes, 1'000'000U) << "no void frames are left";
    EXPECT_LT(std::filesystem::file_size(disk / "users.db-wal"), 1'000'000U);
  }
  EXPECT_GE(put_off, 1U);
  EXPECT_LE(put_off, 2U) << "it is not tried with every group";
  EXPECT_EQ(store.stats().folded_users, 0U);
  EXPECT_TRUE(must(store.verify()).ok());

  disk.free();
  must(store.maintain(std::chrono::hours(1)));
  EXPECT_EQ(store.stats().backlog_users, 0U);
  for (const auto& answer : patch(1'500)) must(answer);
  EXPECT_GT(store.stats().folded_users, 0U);
  EXPECT_TRUE(must(store.verify()).ok());
}

class FileTooLarge : public testing::TestWithParam<rlim_t> {};

TEST_P(FileTooLarge, IsOneOfTheThreeOutcomes) {
  const TempDir folder;
  Options options;
  options.durability = Durability::relaxed;   // many commits, and no power fails here
  auto store = must(UserTagStore::open(folder / "users.db", options));
  Filler filler;
  std::optional<Error> refused;
  {
    const FileSizeLimit limit(GetParam());
    refused = filler.write_until_refused(store);
  }
  ASSERT_TRUE(refused);
  // store_failed: the checkpoint after the last acknowledged write had met the limit.
  const bool unknown = *refused == ErrorCode::outcome_unknown;
  const bool stopped = unknown || *refused == ErrorCode::store_failed;
  EXPECT_TRUE(stopped || *refused == ErrorCode::io_error || *refused == ErrorCode::disk_full)
      << refused->message();
  const std::string last = "user " + std::to_string(filler.acknowledged());
  EXPECT_EQ(code_of(store.find(last)), ErrorCode::user_not_found)
      << "memory changes after the file has committed";
  filler.expect_all_in(store);
  EXPECT_EQ(refused->intended_revision(), unknown ? std::optional(filler.acknowledged() + 1) : std::nullopt);
  if (stopped) {
    EXPECT_EQ(code_of(store.create_user("after")), ErrorCode::store_failed);
    EXPECT_TRUE(store.stats().failed);
  }
  std::ignore = store.close();
  store = must(UserTagStore::open(folder / "users.db"));
  filler.expect_all_in(store);
  const std::uint64_t more = store.find(last) ? 1U : 0U;
  EXPECT_LE(more, unknown ? 1U : 0U);
  EXPECT_EQ(store.revision(), filler.acknowledged() + more);
  EXPECT_TRUE(must(store.verify()).ok());
  EXPECT_TRUE(store.create_user("after"));
}

TEST(FileTooLargeOfACopy, LeavesNothingBehind) {
  const TempDir folder;
  Options options;
  options.durability = Durability::relaxed;
  auto store = must(UserTagStore::open(folder / "users.db", options));
  for (int n = 0; n < 500; ++n) must(store.create_user(std::to_string(n), {{"a", std::string(200, 'v')}}));
  std::filesystem::create_directory(folder / "copies");
  {
    const FileSizeLimit limit(30'000);
    EXPECT_EQ(code_of(store.backup(folder / "copies" / "copy.db")), ErrorCode::disk_full);
  }
  EXPECT_TRUE(std::filesystem::is_empty(folder / "copies"));
  must(store.backup(folder / "copies" / "copy.db"));
}

INSTANTIATE_TEST_SUITE_P(Bytes, FileTooLarge, testing::Values(100'000, 333'333, 1'000'000, 5'000'000));

}   // namespace
}   // namespace usertags::test
