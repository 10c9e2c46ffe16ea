// Operations on files that fail on the ordinary way of a group, with housekeeping in every commit, at any of
// them: each answer is one of the three outcomes, memory agrees with it, and so does what a crash at that
// moment leaves.
#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/answers.hpp"
#include "support/everything.hpp"
#include "support/fault_vfs.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

Options busy_options() {
  Options options;   // Durability::full
  options.housekeeping.backlog_users = 4;
  options.housekeeping.checkpoint_wal_bytes = 200'000;
  settings_of(options).history.min_changes = 20;
  settings_of(options).tokens.max_count = 10;
  return options;
}

// A store that is written to in groups, and what is known of it.
class Life {
 public:
  Life() : store_(must(UserTagStore::open(path_, busy_options()))) { must(store_->create_user("base")); }

  // False where the store has come to a stop. The faults end with the group in which they come, and what a
  // crash leaves is looked at then.
  bool write_group(int number, FaultVfs& vfs) {
    const std::vector<Write> writes = make_group(number);
    const std::uint64_t before = store_->revision();
    const Users users = users_of(*store_);
    const auto answers = store_->apply_each(writes);
    const std::optional<ErrorCode> failure = code_of(answers.front());
    const std::uint64_t applied = before + changes_;
    if (failure) {
      EXPECT_EQ(users_of(*store_), users) << "memory changes after the file has committed";
      EXPECT_EQ(store_->revision(), before);
      expect_same_failure(answers, *failure, before);
    } else {
      expect_answered(answers);
      EXPECT_EQ(store_->revision(), applied);
    }
    if (vfs.fired() > 0 && !has_seen_fault_) {
      has_seen_fault_ = true;
      vfs.disarm();
      expect_after_crash(failure, before, applied, failure ? users : users_of(*store_));
    }
    return !store_->stats().failed;
  }

  void end(std::uint64_t revision_at_least) {
    store_.reset();
    store_.emplace(must(UserTagStore::open(path_, busy_options())));
    EXPECT_GE(store_->revision(), revision_at_least);
    EXPECT_TRUE(must(store_->verify()).ok());
  }
  const UserTagStore& store() const { return *store_; }

 private:
  // Creations with tokens, deletions, patches of older users; one write is refused, and one changes nothing.
  std::vector<Write> make_group(int number) {
    std::vector<Write> writes;
    const auto name = [](int group, int i) { return "u" + std::to_string(group) + "-" + std::to_string(i); };
    for (int i = 0; i < 8; ++i) {
      writes.push_back(
          CreateUser{name(number, i), {{"pad", std::string(180, 'p')}}, {.token = name(number, i)}});
    }
    for (int i = 0; i < 2; ++i) writes.push_back(DeleteUser{name(number, i), {}});
    const Users users = users_of(*store_);
    for (auto user = users.begin(); user != users.end() && writes.size() < 20; ++user)
      if (user->first != "base")
        writes.push_back(PatchUser{user->first, TagBatch().set("g", std::to_string(number)), {}});
    changes_ = writes.size();
    writes.push_back(CreateUser{"base", {}, {}});
    writes.push_back(PatchUser{"base", TagBatch().erase("none"), {}});
    return writes;
  }

  void expect_answered(const std::vector<Result<Applied>>& answers) const {
    for (std::size_t i = 0; i < changes_; ++i) EXPECT_TRUE(answers[i]) << i << ": " << told(answers[i]);
    EXPECT_EQ(code_of(answers[changes_]), ErrorCode::user_exists);
    EXPECT_TRUE(answers[changes_ + 1] && !answers[changes_ + 1]->changed);
  }

  void expect_same_failure(const std::vector<Result<Applied>>& answers, ErrorCode failure,
                           std::uint64_t before) const {
    for (std::size_t i = 0; i < answers.size(); ++i) {
      EXPECT_EQ(code_of(answers[i]), failure) << i;
      const bool has_intended = failure == ErrorCode::outcome_unknown && i < changes_;
      EXPECT_EQ(answers[i].error().intended_revision(),
                has_intended ? std::optional(before + 1 + i) : std::nullopt)
          << i;
    }
  }

  void expect_after_crash(std::optional<ErrorCode> failure, std::uint64_t before, std::uint64_t applied,
                          const Users& users) const {
    const std::filesystem::path crashed = folder_ / "crashed.db";
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::remove(crashed.string() + suffix);
      if (std::filesystem::exists(path_.string() + suffix))
        std::filesystem::copy_file(path_.string() + suffix, crashed.string() + suffix);
    }
    const auto store = must(UserTagStore::open(crashed, busy_options()));
    EXPECT_TRUE(must(store.verify()).ok());
    if (failure == ErrorCode::outcome_unknown && store.revision() == applied) return;
    EXPECT_EQ(store.revision(), failure ? before : applied);
    EXPECT_EQ(users_of(store), users);
  }

  const TempDir folder_{memory_folder()};
  const std::filesystem::path path_ = folder_ / "users.db";
  std::optional<UserTagStore> store_;
  std::size_t changes_ = 0;   // that the group was to make
  bool has_seen_fault_ = false;
};

class WriteFaults : public testing::TestWithParam<NamedFault> {};

TEST_P(WriteFaults, AreOneOfTheThreeOutcomes) {
  constexpr int kGroups = 12;
  bool fired = true;
  for (std::uint64_t nth = 1; fired && !HasFailure(); nth += 1 + nth / 16) {
    SCOPED_TRACE(nth);
    FaultVfs vfs;
    Life life;
    vfs.arm(GetParam().at(nth));
    bool goes_on = true;
    for (int group = 0; group < kGroups && goes_on; ++group) goes_on = life.write_group(group, vfs);
    fired = vfs.fired() > 0;
    vfs.disarm();
    life.end(life.store().revision());
  }
}

const NamedFault kFaults[] = {
    {"WalWrite", {.files = {FileRole::wal}, .result = SQLITE_IOERR_WRITE}},
    {"WalWriteTorn", {.files = {FileRole::wal}, .result = SQLITE_IOERR_WRITE, .torn = true}},
    {"WalFull", {.files = {FileRole::wal}, .result = SQLITE_FULL, .system_error = ENOSPC}},
    {"WalFullTorn", {.files = {FileRole::wal}, .result = SQLITE_FULL, .system_error = ENOSPC, .torn = true}},
    {"WalFullSticky",
     {.files = {FileRole::wal}, .sticky = true, .result = SQLITE_FULL, .system_error = ENOSPC}},
    {"WalSync", {.operation = FileOperation::sync, .files = {FileRole::wal}, .result = SQLITE_IOERR_FSYNC}},
    {"WalSyncSticky",
     {.operation = FileOperation::sync,
      .files = {FileRole::wal},
      .sticky = true,
      .result = SQLITE_IOERR_FSYNC}},
    {"DatabaseWrite", {.files = {FileRole::database}, .result = SQLITE_IOERR_WRITE}},
    {"DatabaseFull", {.files = {FileRole::database}, .result = SQLITE_FULL, .system_error = ENOSPC}},
    {"DatabaseSync",
     {.operation = FileOperation::sync, .files = {FileRole::database}, .result = SQLITE_IOERR_FSYNC}},
    {"DatabaseRead",
     {.operation = FileOperation::read, .files = {FileRole::database}, .result = SQLITE_IOERR_READ}},
    {"WalRead", {.operation = FileOperation::read, .files = {FileRole::wal}, .result = SQLITE_IOERR_READ}},
};

INSTANTIATE_TEST_SUITE_P(All, WriteFaults, testing::ValuesIn(kFaults),
                         [](const auto& test) { return test.param.name; });

// What was applied is answered first. Whether the file has it, nobody knows before the next open.
TEST(CheckpointFault, ASyncThatFailsStopsTheStoreBehindTheAnswer) {
  const TempDir folder(memory_folder());
  FaultVfs vfs;
  Options options;
  options.housekeeping.checkpoint_wal_bytes = 1;
  auto store = must(UserTagStore::open(folder / "users.db", options));
  vfs.arm({.operation = FileOperation::sync, .files = {FileRole::database}, .result = SQLITE_IOERR_FSYNC});
  must(store.create_user("ann"));
  EXPECT_EQ(vfs.fired(), 1U);
  EXPECT_TRUE(store.stats().failed);
  EXPECT_EQ(code_of(store.create_user("bob")), ErrorCode::store_failed);
  EXPECT_TRUE(store.find("ann"));
}

// A write that was done before under its token would have had no revision either.
TEST(OutcomeUnknown, TellsTheRevisionsOfWhatWasToChangeOnly) {
  const TempDir folder(memory_folder());
  FaultVfs vfs;
  {
    auto store = must(UserTagStore::open(folder / "users.db", busy_options()));
    must(store.create_user("ann", {{"k", "v"}}, {.token = "known"}));
    const std::vector<Write> writes{
        CreateUser{"ann", {{"k", "v"}}, {.token = "known"}}, PatchUser{"ann", TagBatch().set("k", "w"), {}},
        PatchUser{"ann", TagBatch().set("k", "w"), {}}, PatchUser{"nobody", TagBatch().set("k", "w"), {}},
        PatchUser{"ann", TagBatch().set("k", "x"), {}}};
    vfs.arm({.operation = FileOperation::sync, .files = {FileRole::wal}, .result = SQLITE_IOERR_FSYNC});
    const auto answers = store.apply_each(writes);
    const std::optional<std::uint64_t> expected[] = {std::nullopt, 2, std::nullopt, std::nullopt, 3};
    for (std::size_t i = 0; i < answers.size(); ++i) {
      ASSERT_EQ(code_of(answers[i]), ErrorCode::outcome_unknown) << i;
      EXPECT_EQ(answers[i].error().intended_revision(), expected[i]) << i;
    }
  }
}

}   // namespace
}   // namespace usertags::test
