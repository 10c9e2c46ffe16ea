// Restorer: a store that went through another form is the same store, but for what is said to be new; and what is
// wrong leaves no store.
#include <usertags/restorer.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <usertags/inspector.hpp>
#include <usertags/user_tag_store.hpp>

#include "model/typeid.hpp"
#include "support/answers.hpp"
#include "support/everything.hpp"
#include "support/fault_vfs.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

namespace fs = std::filesystem;

RestoredUser restored(const User& user) {
  RestoredUser whole{
      .id = user.id(), .external_id = std::string(user.external_id()), .revision = user.revision()};
  for (const auto [key, value] : user.tags()) whole.tags.add(key, value);
  return whole;
}

std::vector<User> users_in_order(const UserTagStore& store) {
  std::vector<User> users;
  must(store.for_each(Selector(), [&](const User& user) { users.push_back(user); }));
  return users;
}

// Every answer of a restoration; empty where all went well.
Result<void> restore(const Inspector& from, const fs::path& to) {
  std::optional<Result<Restorer>> restorer;
  Result<void> answer;
  std::string digest;
  const auto begin = [&](const StoreInfo& info) {
    digest = info.digest;
    restorer =
        Restorer::begin(to, {.revision = info.revision, .last_id = info.last_id, .settings = info.settings});
    if (!*restorer) answer = std::unexpected(restorer->error());
    return answer.has_value();
  };
  must(from.for_each(begin, [&](const User& user) {
    answer = (*restorer)->add(restored(user));
    return answer.has_value();
  }));
  return answer ? (*restorer)->finish(digest) : answer;
}

class RestorerTest : public testing::Test {
 protected:
  static Options writing() {
    Options options;
    options.durability = Durability::relaxed;
    return options;
  }
  // Of every kind: folded and in the log alone, deleted, with tokens and notes, texts of all kinds, other settings.
  void make_store() {
    Options options = writing();
    settings_of(options).tags_per_user = 10;
    settings_of(options).history.min_changes = 7;
    auto store = must(UserTagStore::open(path_, options));
    create_big_users(store, 0, 30);
    must(store.create_user("\"quoted\"\\\n\t\x7f",
                           {{"<script>", "<b>&"}, {"ключ", "значение"}, {"\x01", ""}}));
    must(store.create_user(std::string(255, 'x')));
    must(store.delete_user("3"));
    must(store.create_user("3", {{"again", "yes"}}, {.token = "t", .note = "back"}));
    must(store.apply("5", TagBatch().set("k", "in the log")));
    must(store.change_settings({.tags_per_user = 2}));
    must(store.create_user("last"));
    must(store.delete_user("last"));
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(folder_.path())) names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }

  TempDir folder_{memory_folder()};
  fs::path path_ = folder_ / "users.db";
  fs::path copy_ = folder_ / "copy.db";
};

TEST_F(RestorerTest, MakesTheSameStoreButForWhatIsNew) {
  make_store();
  must(restore(must(Inspector::open(path_)), copy_));
  auto store = must(UserTagStore::open(path_, writing()));
  auto copy = must(UserTagStore::open(copy_, writing()));
  EXPECT_TRUE(users_in_order(copy) == users_in_order(store));
  const VerifyReport report = must(copy.verify());
  EXPECT_TRUE(report.ok());
  EXPECT_EQ(report.digest, must(store.verify()).digest);
  EXPECT_EQ(copy.revision(), store.revision());
  EXPECT_EQ(must(copy.settings()), must(store.settings()));
  EXPECT_EQ(copy.stats().log_floor, copy.revision() + 1);
  EXPECT_EQ(copy.stats().tokens, 0U);
  EXPECT_EQ(code_of(copy.changes(store.position())), ErrorCode::invalid_argument) << "another store";
  EXPECT_EQ(code_of(copy.changes(Position())), ErrorCode::history_pruned);
}

// No id comes again, that of a user who was deleted last included.
TEST_F(RestorerTest, GoesOnWhereTheOtherStoreStood) {
  make_store();
  const std::string last_id = must(must(Inspector::open(path_)).info()).last_id;
  must(restore(must(Inspector::open(path_)), copy_));
  Options options = writing();
  options.clock = [] { return std::chrono::system_clock::time_point(); };   // long before
  auto copy = must(UserTagStore::open(copy_, options));
  const std::uint64_t before = copy.revision();
  const Applied created = must(copy.create_user("new"));
  EXPECT_GT(created.user->id(), std::string_view(last_id));
  EXPECT_EQ(created.revision, before + 1);
  must(copy.apply("5", TagBatch().set("k", "w")));
  EXPECT_EQ(must(copy.changes(copy.position().at(before))).changes.size(), 2U);
  EXPECT_TRUE(must(copy.verify()).ok());
  must(copy.close());
  EXPECT_TRUE(must(must(UserTagStore::open(copy_, options)).verify()).ok());
}

TEST_F(RestorerTest, MakesAnEmptyStore) {
  must(must(UserTagStore::open(path_, writing())).close());
  must(restore(must(Inspector::open(path_)), copy_));
  auto copy = must(UserTagStore::open(copy_, writing()));
  EXPECT_EQ(copy.revision(), 0U);
  must(copy.create_user("ann"));
  EXPECT_TRUE(must(copy.verify()).ok());
}

TEST_F(RestorerTest, OfManyUsersTakesSeveralTransactions) {
  {
    auto store = must(UserTagStore::open(path_, writing()));
    std::vector<Write> writes;
    for (int n = 0; n < 9'000; ++n)
      writes.emplace_back(CreateUser{.external_id = std::to_string(n), .tags = {{"n", std::to_string(n)}}});
    ASSERT_EQ(store.apply_each(writes).size(), writes.size());
  }
  must(restore(must(Inspector::open(path_)), copy_));
  EXPECT_TRUE(users_in_order(must(UserTagStore::open(copy_, writing()))) ==
              users_in_order(must(UserTagStore::open(path_, writing()))));
  EXPECT_EQ(must(must(Inspector::open(copy_)).info()).wal_bytes, 0U);
}

// --- What is wrong. ---

struct Wrong {
  const char* what;
  ErrorCode code;
  void (*spoil)(RestoredUser&);
};

constexpr Wrong kWrong[] = {
    {"no id", ErrorCode::invalid_argument, [](RestoredUser& user) { user.id = "user_1"; }},
    {"the slot of another", ErrorCode::invalid_argument, [](RestoredUser& user) { user.external_id += "x"; }},
    {"no external id", ErrorCode::invalid_argument, [](RestoredUser& user) { user.external_id.clear(); }},
    {"revision 0", ErrorCode::invalid_argument, [](RestoredUser& user) { user.revision = 0; }},
    {"a revision to come", ErrorCode::invalid_argument, [](RestoredUser& user) { user.revision = 4; }},
    {"a revision twice", ErrorCode::invalid_argument, [](RestoredUser& user) { user.revision = 1; }},
    {"a key twice", ErrorCode::batch_refused,
     [](RestoredUser& user) { user.tags = {{"a", "1"}, {"a", "2"}}; }},
    {"a key with '#'", ErrorCode::batch_refused, [](RestoredUser& user) { user.tags.add("#", "1"); }},
    {"a value that is malformed", ErrorCode::batch_refused,
     [](RestoredUser& user) { user.tags.add("b", "\xff"); }},
};

class RestorerRefuses : public RestorerTest {
 protected:
  void SetUp() override {
    auto store = must(UserTagStore::open(path_, writing()));
    for (const char* name : {"ann", "bob", "cid"}) must(store.create_user(name, {{"a", "1"}}));
    for (const User& user : users_in_order(store)) users_.push_back(restored(user));
    digest_ = must(store.verify()).digest;
  }
  Restorer begin() const {
    return must(Restorer::begin(copy_, {.revision = 3, .last_id = users_.back().id}));
  }

  std::vector<RestoredUser> users_;
  std::string digest_;
};

TEST_F(RestorerRefuses, AUserWhoCannotBeAndGoesOn) {
  Restorer restorer = begin();
  must(restorer.add(users_[0]));
  for (const auto& [what, code, spoil] : kWrong) {
    RestoredUser user = users_[1];
    spoil(user);
    EXPECT_EQ(code_of(restorer.add(user)), code) << what;
  }
  EXPECT_EQ(code_of(restorer.add(users_[0])), ErrorCode::invalid_argument) << "the same id again";
  must(restorer.add(users_[2]));
  EXPECT_EQ(code_of(restorer.add(users_[1])), ErrorCode::invalid_argument) << "an id before";
  EXPECT_EQ(code_of(restorer.finish(digest_)), ErrorCode::invalid_argument) << "one is missing";
  EXPECT_FALSE(fs::exists(copy_));
}

// Nobody is before the first one, and still an order of nought is none.
TEST_F(RestorerRefuses, AnIdThatIsTheFirstOfAll) {
  model::Uuid id{};
  id[14] = static_cast<std::uint8_t>(model::slot_of(users_[0].external_id) >> 8);
  id[15] = static_cast<std::uint8_t>(model::slot_of(users_[0].external_id));
  users_[0].id = model::format_typeid(model::kUserIdPrefix, id);
  Restorer restorer = begin();
  EXPECT_EQ(code_of(restorer.add(users_[0])), ErrorCode::invalid_argument);
}

TEST_F(RestorerRefuses, AnExternalIdThatIsTaken) {
  Restorer restorer = begin();
  must(restorer.add(users_[0]));
  // Of two ids of one external id, which a store that was made again would have.
  {
    auto store = must(UserTagStore::open(path_, writing()));
    must(store.delete_user("ann"));
    must(store.create_user("ann"));
    users_.push_back(restored(must(store.find("ann"))));
  }
  users_.back().revision = 3;
  Restorer other = must(Restorer::begin(copy_, {.revision = 3, .last_id = users_.back().id}));
  must(other.add(users_[0]));
  const auto answer = other.add(users_.back());
  ASSERT_EQ(code_of(answer), ErrorCode::user_exists);
  EXPECT_EQ(answer.error().existing_id(), users_[0].id);
  RestoredUser beyond = users_.back();
  EXPECT_EQ(code_of(restorer.add(beyond)), ErrorCode::invalid_argument) << "beyond last_id";
}

TEST_F(RestorerRefuses, WhatAStoreCannotHave) {
  const auto answer_to = [&](const RestoredStore& store) { return code_of(Restorer::begin(copy_, store)); };
  EXPECT_EQ(answer_to({.revision = UINT64_MAX}), ErrorCode::invalid_argument);
  EXPECT_EQ(answer_to({.last_id = "ann"}), ErrorCode::invalid_argument);
  RestoredStore store;
  store.settings.version = 0;
  EXPECT_EQ(answer_to(store), ErrorCode::invalid_argument);
  store.settings = {};
  store.settings.tags_per_user = 0;
  EXPECT_EQ(answer_to(store), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(Restorer::begin(copy_, {}, {.busy_timeout = std::chrono::milliseconds(-1)})),
            ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(Restorer::begin(folder_ / "no" / "copy.db", {})), ErrorCode::io_error);
}

TEST_F(RestorerRefuses, AFileThatHoldsAnything) {
  const auto bytes_before = fs::file_size(path_);
  EXPECT_EQ(code_of(Restorer::begin(path_, {})), ErrorCode::invalid_argument);
  std::ofstream(copy_) << "text";
  EXPECT_EQ(code_of(Restorer::begin(copy_, {})), ErrorCode::invalid_argument);
  std::ofstream(copy_, std::ios::trunc).close();
  Restorer restorer = begin();
  for (const RestoredUser& user : users_) must(restorer.add(user));
  must(restorer.finish(digest_));
  EXPECT_EQ(must(UserTagStore::open(copy_, writing())).stats().users, 3U) << "an empty file is none";
  EXPECT_EQ(fs::file_size(path_), bytes_before);
  // One that comes into being meanwhile.
  const fs::path late = folder_ / "late.db";
  Restorer slow = must(Restorer::begin(late, {}));
  std::ofstream(late) << "text";
  EXPECT_EQ(code_of(slow.finish()), ErrorCode::invalid_argument);
  EXPECT_EQ(fs::file_size(late), 4U);
}

TEST_F(RestorerRefuses, AllBehindItsEnd) {
  Restorer restorer = begin();
  for (const RestoredUser& user : users_) must(restorer.add(user));
  must(restorer.finish());
  EXPECT_EQ(code_of(restorer.add(users_[0])), ErrorCode::store_closed);
  EXPECT_EQ(code_of(restorer.finish()), ErrorCode::store_closed);
  const Restorer other = std::move(restorer);
  EXPECT_EQ(code_of(restorer.add(users_[0])), ErrorCode::store_closed);
}

TEST_F(RestorerRefuses, LeavesNothingWhereItIsNotFinished) {
  const auto before = names();
  {
    Restorer restorer = begin();
    must(restorer.add(users_[0]));
    Restorer other = begin();
    must(other.add(users_[0]));
    restorer = std::move(other);
    EXPECT_GT(names().size(), before.size());
  }
  EXPECT_EQ(names(), before);
}

TEST_F(RestorerRefuses, AChildWhichTakesNothingAway) {
  Restorer restorer = begin();
  must(restorer.add(users_[0]));
  const pid_t child = fork();
  if (child == 0) {
    const bool refused = code_of(restorer.add(users_[1])) == ErrorCode::forked;
    {
      const Restorer end = std::move(restorer);
    }
    _exit(refused ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  must(restorer.add(users_[1]));
  must(restorer.add(users_[2]));
  must(restorer.finish(digest_));
}

// --- A file system that fails. ---

class RestorerUnderFaults : public RestorerTest, public testing::WithParamInterface<NamedFault> {};

TEST_P(RestorerUnderFaults, EveryOperationInTurnLeavesTheWholeStoreOrNone) {
  make_store();
  const Inspector inspector = must(Inspector::open(path_));
  must(restore(inspector, copy_));
  const std::string digest = must(must(UserTagStore::open(copy_, writing())).verify()).digest;
  const auto remove_copy = [&] {
    for (const char* suffix : {"", "-wal", "-shm", ".lock"}) fs::remove(copy_.string() + suffix);
  };
  remove_copy();
  const auto before = names();
  bool fired = true;
  std::uint64_t failures = 0;
  for (std::uint64_t nth = 1; fired && !HasFailure(); ++nth) {
    SCOPED_TRACE("operation " + std::to_string(nth));
    FaultVfs vfs;
    vfs.arm(GetParam().at(nth));
    Result<void> answer = restore(inspector, copy_);
    fired = vfs.fired() > 0;
    vfs.disarm();
    if (!answer) ++failures;
    EXPECT_EQ(fs::exists(copy_), answer.has_value());
    if (answer) {
      EXPECT_EQ(must(must(UserTagStore::open(copy_, writing())).verify()).digest, digest);
    }
    remove_copy();
    EXPECT_EQ(names(), before);
  }
  EXPECT_GT(failures, 0U);
}

INSTANTIATE_TEST_SUITE_P(
    All, RestorerUnderFaults,
    testing::Values(NamedFault{"Write", {.operation = FileOperation::write}},
                    NamedFault{
                        "Full",
                        {.operation = FileOperation::write, .result = SQLITE_FULL, .system_error = ENOSPC}},
                    NamedFault{"Sync", {.operation = FileOperation::sync, .result = SQLITE_IOERR_FSYNC}}),
    testing::PrintToStringParamName());

}   // namespace
}   // namespace usertags::test
