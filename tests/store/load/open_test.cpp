// Opening: what is refused and with which code, what is made, and who holds the lock.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <functional>
#include <iterator>
#include <string>

#include <usertags/inspector.hpp>

#include "support/answers.hpp"
#include "support/child.hpp"
#include "support/rewrite.hpp"
#include "support/settings.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

namespace fs = std::filesystem;

void write_file(const fs::path& path, const std::string& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A store with one user, closed.
void make_store(const fs::path& path) {
  auto store = must(UserTagStore::open(path));
  must(store.create_user("ann", {{"tier", "gold"}}));
  must(store.close());
}

void run_in_store(const fs::path& path, const char* sql) {
  make_store(path);
  StockSqlite(path).run(sql);
}

struct Place {
  const char* name;
  std::function<void(const fs::path&)> prepare;
  ErrorCode answer;
};

const Place kRefused[] = {
    {"ATextFile", [](const fs::path& path) { write_file(path, std::string(5'000, 'x')); },
     ErrorCode::not_a_store},
    {"AnotherDatabase",
     [](const fs::path& path) {
       StockSqlite(path, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE).run("CREATE TABLE user (name TEXT)");
     },
     ErrorCode::not_a_store},
    {"ANewerFormat", [](const fs::path& path) { run_in_store(path, "PRAGMA user_version = 5"); },
     ErrorCode::unsupported_format},
    {"AnotherApplicationId", [](const fs::path& path) { run_in_store(path, "PRAGMA application_id = 7"); },
     ErrorCode::not_a_store},
    {"ATableMore", [](const fs::path& path) { run_in_store(path, "CREATE TABLE more (a)"); },
     ErrorCode::corrupt_store},
    {"AnIndexMore", [](const fs::path& path) { run_in_store(path, "CREATE INDEX more ON user (id)"); },
     ErrorCode::corrupt_store},
    {"AViewLess", [](const fs::path& path) { run_in_store(path, "DROP VIEW user_tag"); },
     ErrorCode::corrupt_store},
    {"NoCommitRecord", [](const fs::path& path) { run_in_store(path, "DELETE FROM state"); },
     ErrorCode::corrupt_store},
    {"HalfAFile",
     [](const fs::path& path) {
       make_store(path);
       fs::resize_file(path, fs::file_size(path) / 2);
     },
     ErrorCode::corrupt_store},
    {"HardLinks",
     [](const fs::path& path) {
       make_store(path);
       fs::create_hard_link(path, path.string() + ".twin");
     },
     ErrorCode::invalid_argument},
    {"AFolder", [](const fs::path& path) { fs::create_directory(path); }, ErrorCode::io_error},
    {"APipe", [](const fs::path& path) { ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); }, ErrorCode::io_error},
};

class RefusedPlace : public testing::TestWithParam<Place> {};

TEST_P(RefusedPlace, IsAnsweredAndLeftAsItIs) {
  const TempDir folder;
  const fs::path path = folder / "users.db";
  GetParam().prepare(path);
  const bool is_file = fs::is_regular_file(path);
  const std::string before = is_file ? bytes_of(path) : "";
  for (const Access access : {Access::read_only, Access::read_write}) {
    Options options;
    options.access = access;
    const auto store = UserTagStore::open(path, options);
    EXPECT_EQ(code_of(store), GetParam().answer) << told(store);
    EXPECT_EQ(is_file ? bytes_of(path) : before, before);
  }
}

TEST_P(RefusedPlace, IsAnsweredToAnInspectorInTheSameWords) {
  const TempDir folder;
  const fs::path path = folder / "users.db";
  GetParam().prepare(path);
  Options options;
  options.access = Access::read_only;
  EXPECT_EQ(told(Inspector::open(path)), told(UserTagStore::open(path, options)));
}

INSTANTIATE_TEST_SUITE_P(Open, RefusedPlace, testing::ValuesIn(kRefused),
                         [](const auto& place) { return place.param.name; });

class Open : public testing::Test {
 protected:
  bool folder_is_empty() const { return fs::is_empty(folder_.path()); }

  TempDir folder_;
  fs::path path_ = folder_ / "users.db";
};

TEST_F(Open, AMissingFolderIsAnIoErrorWithItsErrno) {
  const auto store = UserTagStore::open(folder_ / "missing" / "users.db");
  ASSERT_EQ(code_of(store), ErrorCode::io_error) << told(store);
  EXPECT_EQ(store.error().system_error(), ENOENT);
  EXPECT_TRUE(folder_is_empty());
}

// Which nothing makes yet.
TEST_F(Open, AFileThatIsBoundToAClusterIsOnlyRead) {
  make_store(path_);
  rewrite_state(path_, [](sqlite::State& state) { state.binding[47] = 1; });
  EXPECT_EQ(code_of(UserTagStore::open(path_)), ErrorCode::cluster_member);
  for (const bool dry_run : {false, true})
    EXPECT_EQ(code_of(UserTagStore::adopt(path_, {.dry_run = dry_run})), ErrorCode::cluster_member);
  const auto reader = must(UserTagStore::open(path_, {.access = Access::read_only}));
  EXPECT_EQ(value_of(reader, "ann", "tier"), "gold");
  EXPECT_TRUE(must(reader.verify()).ok());
}

TEST_F(Open, AMissingFileIsMadeOnlyWhereThatIsWanted) {
  Options options;
  options.create_if_missing = false;
  EXPECT_EQ(code_of(UserTagStore::open(path_, options)), ErrorCode::not_a_store);
  options = {};
  options.access = Access::read_only;
  EXPECT_EQ(code_of(UserTagStore::open(path_, options)), ErrorCode::not_a_store);
  EXPECT_TRUE(folder_is_empty());
  EXPECT_TRUE(UserTagStore::open(path_));
}

TEST_F(Open, AnEmptyPathIsAnInvalidArgument) {
  EXPECT_EQ(code_of(UserTagStore::open("")), ErrorCode::invalid_argument);
}

TEST_F(Open, AFileOfZeroBytesBecomesAStore) {
  write_file(path_, "");
  make_store(path_);
  EXPECT_EQ(value_of(must(UserTagStore::open(path_)), "ann", "tier"), "gold");
}

TEST_F(Open, AnalyzeAndVacuumOfOthersAreNoChange) {
  run_in_store(path_, "ANALYZE; VACUUM");
  const auto store = must(UserTagStore::open(path_));
  EXPECT_EQ(value_of(store, "ann", "tier"), "gold");
  EXPECT_TRUE(must(store.verify()).ok());
}

TEST_F(Open, OptionsOutOfRangeAreRefusedBeforeAnythingIsMade) {
  const std::function<void(Options&)> changes[] = {
      [](Options& options) { settings_of(options).tags_per_user = 0; },
      [](Options& options) { settings_of(options).tags_per_user = 65'535; },
      [](Options& options) { settings_of(options).operations_per_batch = 0; },
      [](Options& options) { settings_of(options).history.min_age = std::chrono::seconds(-1); },
      [](Options& options) { options.busy_timeout = std::chrono::milliseconds(-1); },
      [](Options& options) {
        options.housekeeping.max_wal_bytes = options.housekeeping.checkpoint_wal_bytes - 1;
      },
  };
  for (const auto& change : changes) {
    Options options;
    change(options);
    EXPECT_EQ(code_of(UserTagStore::open(path_, options)), ErrorCode::invalid_argument);
    EXPECT_EQ(code_of(UserTagStore::open_in_memory(options)), ErrorCode::invalid_argument);
  }
  EXPECT_TRUE(folder_is_empty());
}

TEST_F(Open, ASecondOpenInTheProcessIsLockedByUs) {
  auto first = must(UserTagStore::open(path_));
  const auto second = UserTagStore::open(path_);
  ASSERT_EQ(code_of(second), ErrorCode::store_locked);
  EXPECT_EQ(second.error().holder_pid(), getpid());
  EXPECT_TRUE(first.create_user("ann"));
  must(first.close());
  EXPECT_TRUE(UserTagStore::open(path_));
}

TEST_F(Open, EveryNameOfAFileMeetsTheSameLock) {
  auto first = must(UserTagStore::open(path_));
  fs::create_symlink("users.db", folder_ / "link.db");
  fs::create_directory_symlink(folder_.path(), folder_ / "folder");
  for (const fs::path& name :
       {folder_ / "link.db", folder_ / "folder" / "users.db",
        folder_ / "folder" / ".." / folder_.path().filename() / "users.db", fs::proximate(path_)}) {
    EXPECT_EQ(code_of(UserTagStore::open(name)), ErrorCode::store_locked) << name;
  }
}

TEST_F(Open, AnotherProcessIsLockedOutAndLearnsOurPid) {
  const auto store = must(UserTagStore::open(path_));
  Child child([&](const Reporter& parent) {
    const auto other = UserTagStore::open(path_);
    parent.tell(other ? "opened" : std::string(to_string(other.error().code())));
    parent.tell(std::to_string(other ? 0 : other.error().holder_pid().value_or(0)));
  });
  EXPECT_EQ(child.read_line(), "store_locked");
  EXPECT_EQ(child.read_line(), std::to_string(getpid()));
}

TEST_F(Open, WeAreLockedOutUntilTheOtherProcessEnds) {
  Child child([&](const Reporter& parent) {
    auto store = must(UserTagStore::open(path_));
    must(store.create_user("ann", {{"tier", "gold"}}));
    parent.tell("open");
    pause();
  });
  ASSERT_EQ(child.read_line(), "open");
  const auto locked = UserTagStore::open(path_);
  ASSERT_EQ(code_of(locked), ErrorCode::store_locked);
  EXPECT_EQ(locked.error().holder_pid(), child.pid());
  child.kill();
  EXPECT_EQ(value_of(must(UserTagStore::open(path_)), "ann", "tier"), "gold");
}

// Root may do everything: the child becomes somebody else.
TEST_F(Open, WithoutPermissionNothingIsOpened) {
  make_store(path_);
  const fs::path closed = folder_ / "closed";
  fs::create_directory(closed);
  fs::permissions(closed, fs::perms::none);
  fs::permissions(folder_.path(), fs::perms::owner_all | fs::perms::others_read | fs::perms::others_exec);
  fs::permissions(path_, fs::perms::none);
  Child child([&](const Reporter& parent) {
    constexpr uid_t kNobody = 65'534;
    if (geteuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0))
      return parent.tell("cannot leave root");
    for (const fs::path& path : {path_, closed / "users.db", folder_ / "new.db"}) {
      parent.tell(told(UserTagStore::open(path)).substr(0, 17));
    }
  });
  const std::optional<std::string> first = child.read_line();
  if (first == "cannot leave root") GTEST_SKIP() << "neither root nor allowed to leave it";
  EXPECT_EQ(first, "permission_denied");
  EXPECT_EQ(child.read_line(), "permission_denied");
  const bool owns_the_folder = geteuid() != 0;
  EXPECT_EQ(child.read_line(), owns_the_folder ? "ok" : "permission_denied");
  fs::permissions(closed, fs::perms::owner_all);
}

// Files as they are while rounds of folding are under way: rows are ahead of the fold or behind it, of users who were
// deleted there are tombstones or none.
TEST(Opening, AStoreThatIsLeftAmidARoundIsSound) {
  const TempDir folder(memory_folder());
  const fs::path path = folder / "users.db";
  const fs::path copy = folder / "copy.db";
  Options options;
  options.durability = Durability::relaxed;
  settings_of(options).history.min_changes = 40;
  options.housekeeping.backlog_users = 5;
  auto store = must(UserTagStore::open(path, options));
  std::size_t ahead = 0;
  for (int i = 0; i < 1'000; ++i) {
    const std::string name = std::to_string(i * 7 % 61);
    if (!store.find(name))
      must(store.create_user(name, {{"n", "0"}}));
    else if (i % 9 == 0)
      must(store.delete_user(name));
    else
      must(store.apply(name, TagBatch().set(i % 2 == 0 ? "n" : "m", std::to_string(i))));
    if (i % 37 != 0) continue;
    write_file(copy, bytes_of(path));
    write_file(copy.string() + "-wal", bytes_of(path.string() + "-wal"));
    ahead += StockSqlite(copy)
                 .query("SELECT 1 FROM user, state WHERE user.revision > folded_revision AND tags NOT NULL")
                 .size();
    const VerifyReport report = must(must(UserTagStore::open(copy, {.access = Access::read_only})).verify());
    EXPECT_TRUE(report.ok()) << i << ": " << report.problems.front().what;
    EXPECT_TRUE(must(UserTagStore::adopt(copy, {.dry_run = true})).adopted) << i;
  }
  EXPECT_GT(ahead, 100U);
}

}   // namespace
}   // namespace usertags::test
