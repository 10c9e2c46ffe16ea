// Backups: a copy is the store at one moment and stands alone; whatever goes wrong, the target is as it was
// and nothing is left behind.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <fstream>
#include <functional>
#include <iterator>
#include <optional>
#include <string>
#include <vector>

#include "store/file/store_lock.hpp"
#include "support/answers.hpp"
#include "support/child.hpp"
#include "support/everything.hpp"
#include "support/fault_vfs.hpp"
#include "support/small_disk.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

namespace fs = std::filesystem;
using Names = std::vector<std::string>;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

Names names_in(const fs::path& folder) {
  Names names;
  for (const auto& entry : fs::directory_iterator(folder)) names.push_back(entry.path().filename().string());
  std::ranges::sort(names);
  return names;
}

UserTagStore open_with(const fs::path& path, Access access = Access::read_write) {
  Options options;
  options.access = access;
  options.durability = Durability::relaxed;
  options.busy_timeout = std::chrono::milliseconds(0);
  return must(UserTagStore::open(path, options));
}

// Of all kinds of change: in the backlog and folded, with tokens and notes, deleted, in a transaction.
void write_some(UserTagStore& store) {
  create_big_users(store, 0, 99);
  must(store.maintain(std::chrono::minutes(1)));
  for (int n = 0; n < 50; ++n) {
    const std::string name = std::to_string(n);
    must(store.apply(name, TagBatch().set("tier", "gold").erase("a"),
                     {.token = "token " + name, .note = "why"}));
  }
  for (int n = 80; n < 90; ++n) must(store.delete_user(std::to_string(n)));
  const std::vector<Write> writes{PatchUser{"1", TagBatch().set("x", "1"), {}},
                                  CreateUser{"new", {{"x", "2"}}, {}}};
  must(store.apply_all(writes));
}

void make_store(const fs::path& path, std::string_view user) {
  auto store = must(UserTagStore::open(path));
  must(store.create_user(user));
  must(store.close());
}

class Backup : public testing::Test {
 protected:
  Backup() { fs::create_directory(copies_); }

  TempDir folder_{memory_folder()};
  const fs::path path_ = folder_ / "users.db";
  const fs::path copies_ = folder_ / "copies";
  const fs::path copy_ = copies_ / "copy.db";
};

// --- The copy. ---

TEST_F(Backup, HasAllThatTheStoreHas) {
  auto store = open_with(path_);
  write_some(store);
  ASSERT_GT(store.stats().backlog_users, 0U);
  must(store.backup(copy_));
  EXPECT_EQ(everything(open_with(copy_, Access::read_only)), everything(store));
  EXPECT_EQ(everything(open_with(copy_)), everything(store));
}

TEST_F(Backup, RemembersTokens) {
  auto store = open_with(path_);
  write_some(store);
  const Applied first = must(store.apply("7", TagBatch().set("tier", "lead"), {.token = "t"}));
  must(store.backup(copy_));
  auto copy = open_with(copy_);
  const Applied again = must(copy.apply("7", TagBatch().set("tier", "lead"), {.token = "t"}));
  EXPECT_TRUE(again.replayed);
  EXPECT_EQ(again.revision, first.revision);
  EXPECT_EQ(code_of(copy.apply("7", TagBatch().set("tier", "tin"), {.token = "t"})), ErrorCode::token_reused);
}

TEST_F(Backup, StandsAloneAndIsReadWithTheStockSqlite) {
  auto store = open_with(path_);
  write_some(store);
  must(store.backup(copy_));
  ASSERT_EQ(names_in(copies_), Names{"copy.db"});
  fs::rename(copy_, folder_ / "elsewhere.db");
  StockSqlite stock(folder_ / "elsewhere.db");
  EXPECT_EQ(stock.query("PRAGMA integrity_check"), (std::vector<StockSqlite::Row>{{"ok"}}));
  EXPECT_EQ(stock.query("PRAGMA journal_mode"), (std::vector<StockSqlite::Row>{{"wal"}}));
  EXPECT_EQ(stock.query("SELECT count(*), sum(json_extract(tags, '$.tier') = 'gold') FROM user_now"),
            (std::vector<StockSqlite::Row>{{"91", "50"}}));
}

TEST_F(Backup, LookingAtACopyLeavesNothingBesideIt) {
  auto store = open_with(path_);
  must(store.create_user("ann"));
  must(store.backup(copy_));
  const std::string bytes = bytes_of(copy_);
  EXPECT_EQ(open_with(copy_, Access::read_only).revision(), 1U);
  EXPECT_EQ(names_in(copies_), Names{"copy.db"});
  EXPECT_EQ(bytes_of(copy_), bytes);
}

TEST_F(Backup, OfAnEmptyStoreIsAnEmptyStore) {
  must(open_with(path_).backup(copy_));
  auto copy = open_with(copy_);
  EXPECT_EQ(copy.revision(), 0U);
  EXPECT_TRUE(copy.create_user("ann"));
}

TEST_F(Backup, CanBeReadByThoseWhoMayReadTheStore) {
  auto store = open_with(path_);
  for (const mode_t mode : {0600U, 0640U, 0444U}) {
    ASSERT_EQ(chmod(path_.c_str(), mode), 0);
    must(store.backup(copy_));
    struct stat info{};
    ASSERT_EQ(stat(copy_.c_str(), &info), 0);
    EXPECT_EQ(info.st_mode & 0777, mode | 0600U);
    fs::remove(copy_);
  }
}

TEST_F(Backup, OfAStoreInMemoryIsAStoreInAFile) {
  auto store = must(UserTagStore::open_in_memory());
  write_some(store);
  must(store.backup(copy_));
  EXPECT_EQ(names_in(copies_), Names{"copy.db"});
  EXPECT_EQ(everything(open_with(copy_)), everything(store));
  EXPECT_TRUE(store.create_user("goes on"));
}

TEST_F(Backup, OfAnExclusiveStoreTakesItsTurn) {
  auto store = open_with(path_, Access::exclusive);
  write_some(store);
  must(store.backup(copy_));
  EXPECT_EQ(everything(open_with(copy_)), everything(store));
  EXPECT_TRUE(store.create_user("goes on"));
}

TEST_F(Backup, AReadOnlyStoreCopiesItsFile) {
  {
    auto store = open_with(path_);
    write_some(store);
    must(store.close());
  }
  const auto reader = open_with(path_, Access::read_only);
  const std::string bytes = bytes_of(path_);
  must(reader.backup(copy_));
  EXPECT_EQ(everything(open_with(copy_)), everything(reader));
  EXPECT_EQ(bytes_of(path_), bytes);
  EXPECT_EQ(names_in(folder_.path()), (Names{"copies", "users.db", "users.db.lock"}));
  EXPECT_TRUE(open_with(path_).create_user("nobody is kept out"));
}

TEST_F(Backup, AReadOnlyStoreBesideAWriterCopiesWhatTheWriterHasByNow) {
  auto store = open_with(path_);
  must(store.create_user("ann"));
  const auto reader = open_with(path_, Access::read_only);
  write_some(store);
  must(reader.backup(copy_));
  EXPECT_EQ(everything(open_with(copy_)), everything(store));
}

TEST_F(Backup, AStoreThatStoppedCanStillBeCopied) {
  FaultVfs vfs;
  auto store = must(UserTagStore::open(path_));
  write_some(store);
  const auto before = everything(store);
  vfs.arm({.operation = FileOperation::sync, .files = {FileRole::wal}, .result = SQLITE_IOERR_FSYNC});
  ASSERT_EQ(code_of(store.create_user("lost")), ErrorCode::outcome_unknown);
  must(store.backup(copy_));
  EXPECT_EQ(everything(open_with(copy_)), before);
}

// --- The epoch. ---

TEST_F(Backup, WhoeverWritesToACopyBeginsAnEpochOfItsOwn) {
  auto store = open_with(path_);
  must(store.create_user("ann"));
  const Position position = store.position();
  must(store.backup(copy_));
  // The store goes down, as a crash leaves it, and comes up again.
  const fs::path crashed = folder_ / "crashed.db";
  fs::copy_file(path_, crashed);
  fs::copy_file(path_.string() + "-wal", crashed.string() + "-wal");
  auto original = open_with(crashed);
  auto copy = open_with(copy_);
  EXPECT_GT(original.position().epoch(), position.epoch());
  EXPECT_GT(copy.position().epoch(), position.epoch());
  EXPECT_NE(copy.position().epoch(), original.position().epoch());
  EXPECT_TRUE(must(copy.changes(position)).epoch_changed);
  EXPECT_TRUE(must(copy.changes(original.position())).epoch_changed);
  EXPECT_TRUE(must(original.changes(copy.position())).epoch_changed);
  const std::uint64_t epoch = copy.position().epoch();
  must(copy.close());
  EXPECT_EQ(open_with(copy_).position().epoch(), epoch) << "once";
}

TEST_F(Backup, TheStoreItselfStaysInItsEpoch) {
  auto store = open_with(path_);
  must(store.create_user("ann"));
  const Position position = store.position();
  must(store.backup(copy_));
  must(store.close());
  EXPECT_EQ(open_with(path_).position(), position);
}

// --- Progress. ---

TEST_F(Backup, TellsHowFarItIs) {
  auto store = open_with(path_);
  create_big_users(store, 0, 5'000);
  std::vector<std::uint64_t> told;
  std::uint64_t pages = 0;
  must(store.backup(copy_, [&](std::uint64_t done, std::uint64_t total) {
    told.push_back(done);
    pages = total;
    return true;
  }));
  EXPECT_GE(told.size(), 3U);
  EXPECT_TRUE(std::ranges::is_sorted(told));
  EXPECT_EQ(told.back(), pages);
  EXPECT_EQ(fs::file_size(copy_), pages * 8'192);
}

TEST_F(Backup, CancelledAtAnyStepItLeavesNothing) {
  auto store = open_with(path_);
  create_big_users(store, 0, 5'000);
  for (const bool over_an_old_one : {false, true}) {
    if (over_an_old_one) make_store(copy_, "old");
    const Names names = names_in(copies_);
    const std::string bytes = bytes_of(copy_);
    for (int last = 1;; ++last) {
      int calls = 0;
      bool is_last = false;
      const auto cancelled = store.backup(copy_, [&](std::uint64_t done, std::uint64_t total) {
        is_last = done == total;
        return ++calls < last;
      });
      ASSERT_EQ(code_of(cancelled), ErrorCode::cancelled) << told(cancelled);
      EXPECT_EQ(calls, last);
      EXPECT_EQ(names_in(copies_), names);
      EXPECT_EQ(bytes_of(copy_), bytes);
      if (is_last) break;
      ASSERT_LT(last, 100);
    }
    EXPECT_TRUE(store.checkpoint()) << "nothing pins the WAL";
  }
  EXPECT_TRUE(store.create_user("goes on"));
}

TEST_F(Backup, CancelledInMemoryItLetsWritesGoOn) {
  auto store = must(UserTagStore::open_in_memory());
  write_some(store);
  EXPECT_EQ(code_of(store.backup(copy_, [](auto, auto) { return false; })), ErrorCode::cancelled);
  EXPECT_TRUE(fs::is_empty(copies_));
  EXPECT_TRUE(store.create_user("goes on"));
}

// --- The target. ---

TEST_F(Backup, ReplacesAClosedStore) {
  make_store(copy_, "old");
  auto store = open_with(path_);
  write_some(store);
  const std::string old = bytes_of(copy_);
  std::ifstream opened_before(copy_, std::ios::binary);
  must(store.backup(copy_));
  EXPECT_TRUE(std::string(std::istreambuf_iterator<char>(opened_before), {}) == old) << "never half of each";
  EXPECT_EQ(names_in(copies_), (Names{"copy.db", "copy.db.lock"}));
  EXPECT_EQ(everything(open_with(copy_)), everything(store));
}

TEST_F(Backup, ReplacesACopyWhoseSidecarIsMadeForThat) {
  auto store = open_with(path_);
  must(store.create_user("ann"));
  must(store.backup(copy_));
  must(store.create_user("bob"));
  must(store.backup(copy_));
  EXPECT_EQ(names_in(copies_), (Names{"copy.db", "copy.db.lock"}));
  EXPECT_EQ(open_with(copy_).revision(), 2U);
}

TEST_F(Backup, TakesAnEmptyFileForNone) {
  std::ofstream(copy_).close();
  auto store = open_with(path_);
  must(store.create_user("ann"));
  must(store.backup(copy_));
  EXPECT_EQ(open_with(copy_).revision(), 1U);
}

// Damage that reading the pages one by one does not show.
TEST_F(Backup, OfADamagedStoreIsRefusedAndTheOldTargetStays) {
  {
    auto store = open_with(path_);
    write_some(store);
    must(store.maintain(std::chrono::minutes(1)));
    must(store.backup(copy_));
    must(store.close());
  }
  const std::string old = bytes_of(copy_);
  auto store = open_with(path_);
  std::string bytes = bytes_of(path_);
  const std::size_t value = bytes.find("gold");
  ASSERT_NE(value, std::string::npos);
  for (std::size_t at = value; at != std::string::npos; at = bytes.find("gold", at + 1)) bytes[at] = 'b';
  std::fstream(path_, std::ios::binary | std::ios::in | std::ios::out) << bytes;
  const auto refused = store.backup(copy_);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error(), ErrorCode::corrupt_store) << refused.error().message();
  EXPECT_TRUE(bytes_of(copy_) == old);
  for (const std::string& name : names_in(copies_)) EXPECT_FALSE(name.starts_with(".usertags")) << name;
}

TEST_F(Backup, FollowsALinkToWhatIsToBeReplaced) {
  make_store(copy_, "old");
  fs::create_symlink("copies/copy.db", folder_ / "link.db");
  auto store = open_with(path_);
  must(store.create_user("ann"));
  must(store.create_user("bob"));
  must(store.backup(folder_ / "link.db"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "link.db"));
  EXPECT_EQ(open_with(copy_).revision(), 2U);
}

TEST_F(Backup, TakesALongName) {
  auto store = open_with(path_);
  const fs::path copy = copies_ / std::string(250, 'x');   // the longest with which a store can be opened
  must(store.backup(copy));
  EXPECT_TRUE(UserTagStore::open(copy));
}

struct Place {
  const char* name;
  std::function<void(const fs::path&)> prepare;
  ErrorCode answer;
};

const Place kRefused[] = {
    {"ATextFile", [](const fs::path& path) { std::ofstream(path) << std::string(5'000, 'x'); },
     ErrorCode::not_a_store},
    {"AnotherDatabase",
     [](const fs::path& path) {
       StockSqlite(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE).run("CREATE TABLE user (name TEXT)");
     },
     ErrorCode::not_a_store},
    {"ANewerFormat",
     [](const fs::path& path) {
       make_store(path, "old");
       StockSqlite(path).run("PRAGMA user_version = 5");
     },
     ErrorCode::unsupported_format},
    {"ADamagedStore",
     [](const fs::path& path) {
       make_store(path, "old");
       StockSqlite(path).run("CREATE TABLE more (a)");
     },
     ErrorCode::corrupt_store},
    {"HardLinks",
     [](const fs::path& path) {
       make_store(path, "old");
       fs::create_hard_link(path, path.string() + ".twin");
     },
     ErrorCode::invalid_argument},
    {"AStaleWal",
     [](const fs::path& path) {
       make_store(path, "old");
       std::ofstream(path.string() + "-wal") << "frames";
     },
     ErrorCode::invalid_argument},
    {"AStaleWalAlone", [](const fs::path& path) { std::ofstream(path.string() + "-wal") << "frames"; },
     ErrorCode::invalid_argument},
    {"AStaleJournal",
     [](const fs::path& path) {
       make_store(path, "old");
       std::ofstream(path.string() + "-journal") << "pages";
     },
     ErrorCode::invalid_argument},
    {"AFolder", [](const fs::path& path) { fs::create_directory(path); }, ErrorCode::io_error},
    {"APipe", [](const fs::path& path) { ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); }, ErrorCode::io_error},
};

class RefusedTarget : public Backup, public testing::WithParamInterface<Place> {};

TEST_P(RefusedTarget, IsAnsweredAndLeftAsItIs) {
  auto store = open_with(path_);
  GetParam().prepare(copy_);
  const bool is_file = fs::is_regular_file(copy_);
  const std::string bytes = is_file ? bytes_of(copy_) : "";
  const Names names = names_in(copies_);
  bool has_begun = false;
  const auto refused = store.backup(copy_, [&](auto, auto) { return has_begun = true; });
  ASSERT_EQ(code_of(refused), GetParam().answer) << told(refused);
  EXPECT_NE(refused.error().message().find(copy_.string()), std::string::npos) << refused.error().message();
  EXPECT_FALSE(has_begun);
  EXPECT_EQ(names_in(copies_), names);
  if (is_file) {
    EXPECT_EQ(bytes_of(copy_), bytes);
  }
}

INSTANTIATE_TEST_SUITE_P(Backup, RefusedTarget, testing::ValuesIn(kRefused),
                         [](const auto& place) { return place.param.name; });

TEST_F(Backup, AFileOfTheStoreItselfIsNoTarget) {
  auto store = open_with(path_);
  write_some(store);
  fs::create_symlink("users.db", folder_ / "link.db");
  for (const char* name : {"users.db", "users.db-wal", "users.db-shm", "users.db.lock", "users.db-journal",
                           "link.db", "copies/../users.db"}) {
    EXPECT_EQ(code_of(store.backup(folder_ / name)), ErrorCode::invalid_argument) << name;
  }
  const auto reader = open_with(path_, Access::read_only);
  EXPECT_EQ(code_of(reader.backup(path_)), ErrorCode::invalid_argument);
  EXPECT_TRUE(store.create_user("goes on"));
  EXPECT_TRUE(must(store.verify()).ok());
}

TEST_F(Backup, AMissingFolderAndAnEmptyPathAreErrors) {
  auto store = open_with(path_);
  const auto missing = store.backup(folder_ / "missing" / "copy.db");
  ASSERT_EQ(code_of(missing), ErrorCode::io_error);
  EXPECT_EQ(missing.error().system_error(), ENOENT);
  EXPECT_EQ(code_of(store.backup("")), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(store.backup(copies_ / std::string("copy\0.db", 8))), ErrorCode::invalid_argument);
  EXPECT_TRUE(fs::is_empty(copies_));
}

TEST_F(Backup, AStoreThatIsOpenForWritingIsNotReplaced) {
  auto store = open_with(path_);
  auto other = open_with(copy_);
  must(other.create_user("ann"));
  const auto locked = store.backup(copy_);
  ASSERT_EQ(code_of(locked), ErrorCode::store_locked);
  EXPECT_EQ(locked.error().holder_pid(), getpid());
  EXPECT_TRUE(other.create_user("bob"));
}

TEST_F(Backup, AStoreThatIsBeingLoadedIsNotReplaced) {
  make_store(copy_, "old");
  const auto loading = store::StoreLock::try_shared(copy_);
  EXPECT_EQ(code_of(open_with(path_).backup(copy_)), ErrorCode::busy);
  EXPECT_EQ(open_with(copy_, Access::read_only).revision(), 1U);
}

// Where no sidecar is, none is held while the copy is made.
TEST_F(Backup, WhatComesIntoBeingAtTheTargetMeanwhileIsNotReplacedUnseen) {
  auto store = open_with(path_);
  const auto refused_text = store.backup(copy_, [&](auto, auto) {
    std::ofstream(copy_) << "text";
    return true;
  });
  EXPECT_EQ(code_of(refused_text), ErrorCode::not_a_store) << told(refused_text);
  EXPECT_EQ(bytes_of(copy_), "text");
  fs::remove(copy_);
  fs::remove(copy_.string() + ".lock");

  std::optional<UserTagStore> other;
  const auto refused_store = store.backup(copy_, [&](auto, auto) {
    other = open_with(copy_);
    return true;
  });
  EXPECT_EQ(code_of(refused_store), ErrorCode::store_locked) << told(refused_store);
  EXPECT_TRUE(other->create_user("ann"));
  must(other->close());
  EXPECT_EQ(names_in(copies_), (Names{"copy.db", "copy.db.lock"}));
}

TEST_F(Backup, NobodyOpensForWritingWhatIsAboutToBeReplaced) {
  make_store(copy_, "old");
  auto store = open_with(path_);
  must(store.create_user("ann"));
  must(store.create_user("bob"));
  std::optional<ErrorCode> answer;
  must(store.backup(copy_, [&](auto, auto) {
    answer = code_of(UserTagStore::open(copy_));
    return true;
  }));
  EXPECT_EQ(answer, ErrorCode::store_locked);
  EXPECT_EQ(open_with(copy_).revision(), 2U);
}

TEST_F(Backup, AFileThatTookThePlaceOfTheStoreIsNotCopied) {
  auto store = open_with(path_);
  must(store.create_user("ann"));
  fs::rename(path_, folder_ / "away.db");
  make_store(folder_ / "other.db", "bob");
  fs::rename(folder_ / "other.db", path_);
  fs::remove(path_.string() + "-wal");
  EXPECT_EQ(code_of(store.backup(copy_)), ErrorCode::io_error);
  EXPECT_TRUE(fs::is_empty(copies_));
}

// Root may do everything: the child becomes somebody else.
TEST_F(Backup, WithoutPermissionNothingIsWritten) {
  fs::permissions(copies_, fs::perms::owner_read | fs::perms::owner_exec | fs::perms::others_read |
                               fs::perms::others_exec);
  Child child([&](const Reporter& parent) {
    constexpr uid_t kNobody = 65'534;
    if (geteuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0))
      return parent.tell("cannot leave root");
    parent.tell(told(must(UserTagStore::open_in_memory()).backup(copy_)).substr(0, 17));
  });
  const std::optional<std::string> answer = child.read_line();
  fs::permissions(copies_, fs::perms::owner_all);
  if (answer == "cannot leave root") GTEST_SKIP() << "neither root nor allowed to leave it";
  EXPECT_EQ(answer, "permission_denied");
  EXPECT_TRUE(fs::is_empty(copies_));
}

// --- Full disks and other failures. ---

TEST_F(Backup, AFullDiskLeavesTheOldTarget) {
  const SmallDisk disk("size=4m");
  if (!disk.mounted()) GTEST_SKIP() << "mounting a tmpfs needs root";
  auto store = open_with(path_);
  create_big_users(store, 0, 5'000);
  make_store(disk / "copy.db", "old");
  const std::string bytes = bytes_of(disk / "copy.db");
  const Names names = names_in(disk.path());
  for (const char* name : {"copy.db", "new.db"}) {
    const auto full = store.backup(disk / name);
    ASSERT_EQ(code_of(full), ErrorCode::disk_full) << told(full);
    EXPECT_EQ(names_in(disk.path()), names);
    EXPECT_EQ(bytes_of(disk / "copy.db"), bytes);
  }
  disk.fill(0);
  EXPECT_EQ(code_of(store.backup(disk / "new.db")), ErrorCode::disk_full);
  disk.free();
  EXPECT_TRUE(store.create_user("goes on"));
  must(store.backup(copy_));
  EXPECT_EQ(everything(open_with(copy_)), everything(store));
}

const NamedFault kFaults[] = {
    {"Open", {.operation = FileOperation::open, .result = SQLITE_CANTOPEN}},
    {"Read", {.operation = FileOperation::read, .result = SQLITE_IOERR_READ}},
    {"Write", {.operation = FileOperation::write, .result = SQLITE_IOERR_WRITE}},
    {"WriteFromThenOn", {.operation = FileOperation::write, .sticky = true, .result = SQLITE_IOERR_WRITE}},
    {"FullFromThenOn",
     {.operation = FileOperation::write, .sticky = true, .result = SQLITE_FULL, .system_error = ENOSPC}},
    {"Sync", {.operation = FileOperation::sync, .result = SQLITE_IOERR_FSYNC}},
    {"Truncate", {.operation = FileOperation::truncate, .result = SQLITE_IOERR_TRUNCATE}},
    {"RemoveFromThenOn", {.operation = FileOperation::remove, .sticky = true, .result = SQLITE_IOERR_DELETE}},
};

class BackupUnderFaults : public Backup, public testing::WithParamInterface<NamedFault> {
 protected:
  // The same store as before, or the copy; and nothing that does not belong there.
  void expect_one_or_the_other(const UserTagStore& store, bool copied) {
    EXPECT_TRUE(names_in(copies_) == Names{"copy.db"} ||
                names_in(copies_) == (Names{"copy.db", "copy.db.lock"}))
        << testing::PrintToString(names_in(copies_));
    const auto target = open_with(copy_, Access::read_only);
    EXPECT_EQ(target.revision(), copied ? store.revision() : 1U);
    EXPECT_TRUE(must(target.verify()).ok());
  }
  void put_the_old_one_back() {
    for (const std::string& name : names_in(copies_)) fs::remove(copies_ / name);
    fs::copy_file(old_, copy_);
  }

  const fs::path old_ = folder_ / "old.db";
};

TEST_P(BackupUnderFaults, EveryOperationInTurnLeavesTheOldTargetOrTheNewOne) {
  make_store(old_, "old");
  FaultVfs vfs;
  auto store = open_with(path_);
  write_some(store);
  const auto before = everything(store);
  put_the_old_one_back();
  const NamedFault& kind = GetParam();
  const std::uint64_t first = vfs.count(kind.fault.operation);
  must(store.backup(copy_));
  const std::uint64_t operations = vfs.count(kind.fault.operation) - first;
  ASSERT_GT(operations, 0U);

  std::uint64_t failures = 0;
  for (std::uint64_t nth = 1; nth <= operations; ++nth) {
    SCOPED_TRACE("operation " + std::to_string(nth));
    put_the_old_one_back();
    vfs.arm(kind.at(nth));
    const auto answer = store.backup(copy_);
    vfs.disarm();
    expect_one_or_the_other(store, answer.has_value());
    if (!answer) ++failures;
    if (!answer && kind.fault.system_error == ENOSPC) {
      EXPECT_EQ(code_of(answer), ErrorCode::disk_full);
    }
  }
  const bool may_fail =
      kind.fault.operation == FileOperation::remove;   // what SQLite leaves is removed all the same
  EXPECT_GE(failures, may_fail ? 0 : 1U);
  EXPECT_TRUE(store.apply("1", TagBatch().set("after", "faults")));
  must(store.apply("1", TagBatch().erase("after")));
  EXPECT_TRUE(must(store.verify()).ok());
  put_the_old_one_back();
  must(store.backup(copy_));
  EXPECT_EQ(everything(open_with(copy_, Access::read_only)), everything(store));
}

INSTANTIATE_TEST_SUITE_P(Backup, BackupUnderFaults, testing::ValuesIn(kFaults),
                         [](const auto& kind) { return kind.param.name; });

}   // namespace
}   // namespace usertags::test
