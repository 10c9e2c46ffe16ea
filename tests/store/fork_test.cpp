// fork: the store stays with the parent; the child's copy refuses everything and harms nothing.
#include <gtest/gtest.h>
#include <sqlite3.h>
#include <unistd.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <optional>
#include <string>

#include "sqlite/vfs_shim.hpp"
#include "support/answers.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

TEST(Fork, TheChildsCopyRefusesAndTheParentGoesOn) {
  const TempDir folder;
  std::optional<UserTagStore> store = must(UserTagStore::open(folder / "users.db"));
  must(store->create_user("ann", {{"tier", "gold"}}));
  const std::optional<User> user = *store->find("ann");
  {
    Child child([&](const Reporter& parent) {
      for (const auto& answers : {answers_to_writing(*store), answers_to_reading(*store)}) {
        for (const NamedAnswer& answer : answers) {
          if (answer.code != ErrorCode::forked) parent.tell(std::string(answer.method));
        }
      }
      if (code_of(store->close()) != ErrorCode::forked) parent.tell("close");
      if (user->tag("tier") != "gold") parent.tell("a snapshot handed out before");
      store.reset();
      const auto locked = UserTagStore::open(folder / "users.db");
      parent.tell(std::string(to_string(locked.error().code())));
    });
    EXPECT_EQ(child.read_line(), "store_locked");   // the only line: nothing before it was told
    EXPECT_EQ(child.read_line(), std::nullopt);
    EXPECT_EQ(child.wait(), 0);
  }
  EXPECT_EQ(code_of(UserTagStore::open(folder / "users.db")), ErrorCode::store_locked);
  must(store->apply("ann", TagBatch().set("tier", "silver")));
  EXPECT_TRUE(must(store->verify()).ok());
  must(store->close());
  EXPECT_EQ(value_of(must(UserTagStore::open(folder / "users.db")), "ann", "tier"), "silver");
}

// Forks when SQLite opens a file of the store, in the midst of whatever call that is; neither of the two goes
// on.
class ForkingVfs final : public sqlite::VfsShim {
 public:
  explicit ForkingVfs(const Reporter& parent)
      : VfsShim("forking", sqlite3_vfs_find(nullptr)), parent_(parent) {
    enroll(true);
  }

  int open(sqlite3_filename name, sqlite3_file* file, int flags, int* flags_out) noexcept override {
    if (!forks) return VfsShim::open(name, file, flags, flags_out);
    if (fork() == 0) parent_.tell(std::to_string(getpid()));
    pause();
    return SQLITE_CANTOPEN;
  }

  bool forks = false;

 private:
  const Reporter parent_;
};

// A child that a parent has had in the midst of a call does not keep the file from others when the parent is
// gone.
class ForkInTheMidstOf : public testing::TestWithParam<const char*> {};

TEST_P(ForkInTheMidstOf, LeavesNoLockInTheChild) {
  const TempDir folder;
  const std::filesystem::path path = folder / "users.db";
  must(must(UserTagStore::open(path)).close());
  const std::string call = GetParam();
  std::string grandchild;
  {
    Child host([&](const Reporter& parent) {
      auto& vfs = *new ForkingVfs(parent);
      Options options;
      options.access = call == "open" || call == "adopt" ? Access::read_write : Access::read_only;
      std::optional<UserTagStore> store;
      if (call != "open" && call != "adopt" && call != "open_read_only")
        store = must(UserTagStore::open(path, options));
      vfs.forks = true;
      if (!store && call != "adopt") store = must(UserTagStore::open(path, options));
      if (call == "adopt") must(UserTagStore::adopt(path));
      if (call == "refresh") must(store->refresh());
      if (call == "changes") must(store->changes(Position()));
      if (call == "verify") must(store->verify());
      if (call == "backup") must(store->backup(folder / "copy.db"));
    });
    grandchild = host.read_line().value_or("");
    ASSERT_NE(grandchild, "") << "the call opens no file";
  }
  Options impatient;
  impatient.busy_timeout = std::chrono::milliseconds(0);
  const auto store = UserTagStore::open(path, impatient);
  EXPECT_TRUE(store) << told(store);
  kill(static_cast<pid_t>(std::stol(grandchild)), SIGKILL);
}

INSTANTIATE_TEST_SUITE_P(Fork, ForkInTheMidstOf,
                         testing::Values("open", "open_read_only", "adopt", "refresh", "changes", "verify",
                                         "backup"),
                         [](const auto& call) { return call.param; });

TEST(Fork, TheParentsEndFreesTheLockWhileTheChildLives) {
  const TempDir folder;
  std::optional<UserTagStore> store = must(UserTagStore::open(folder / "users.db"));
  Child child([&](const Reporter& parent) {
    parent.tell("alive");
    pause();
  });
  ASSERT_EQ(child.read_line(), "alive");
  store.reset();
  EXPECT_TRUE(UserTagStore::open(folder / "users.db"));
}

TEST(Fork, AChildMayOpenStoresOfItsOwn) {
  const TempDir folder;
  const auto store = must(UserTagStore::open(folder / "users.db"));
  Child child([&](const Reporter& parent) {
    auto own = must(UserTagStore::open(folder / "own.db"));
    must(own.create_user("bob", {{"tier", "gold"}}));
    parent.tell(value_of(own, "bob", "tier"));
  });
  EXPECT_EQ(child.read_line(), "gold");
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(value_of(must(UserTagStore::open(folder / "own.db")), "bob", "tier"), "gold");
}

}   // namespace
}   // namespace usertags::test
