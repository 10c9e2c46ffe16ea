#include "store/file/store_lock.hpp"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

#include "model/failure.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace usertags::store {
namespace {

using std::chrono::milliseconds;

class StoreLockTest : public testing::Test {
 protected:
  Error refusal() const {
    try {
      const StoreLock lock = StoreLock::exclusive(store_, milliseconds(0));
    } catch (const model::Failure& failure) {
      return failure.error;
    }
    return ErrorCode::cancelled;   // it was not refused
  }

  mode_t mode_of_sidecar() const { return status("users.db.lock").st_mode & 0777; }
  struct stat status(const char* name) const {
    struct stat info{};
    EXPECT_EQ(stat((folder_ / name).c_str(), &info), 0) << name;
    return info;
  }
  void make_store(mode_t mode) const {
    std::ofstream(store_) << "a store";
    ASSERT_EQ(chmod(store_.c_str(), mode), 0);
  }

  const test::TempDir folder_;
  const std::filesystem::path store_ = folder_.path() / "users.db";
};

TEST_F(StoreLockTest, KeepsASecondWriterOutAndNamesTheFirst) {
  const StoreLock lock = StoreLock::exclusive(store_, milliseconds(0));
  const Error error = refusal();
  EXPECT_EQ(error, ErrorCode::store_locked);
  EXPECT_EQ(error.holder_pid(), getpid());
  EXPECT_FALSE(StoreLock::try_shared(store_));
}

TEST_F(StoreLockTest, IsFreeAgainWhenItGoesOutOfScope) {
  {
    const StoreLock lock = StoreLock::exclusive(store_, milliseconds(0));
  }
  EXPECT_NO_THROW(StoreLock::exclusive(store_, milliseconds(0)));
  EXPECT_TRUE(std::filesystem::exists(folder_.path() / "users.db.lock"));
}

TEST_F(StoreLockTest, MakesAWriterWaitForReadersAndReadersForNobodyElse) {
  {
    const StoreLock made = StoreLock::exclusive(store_, milliseconds(0));
  }
  const auto one = StoreLock::try_shared(store_);
  const auto other = StoreLock::try_shared(store_);
  EXPECT_TRUE(one && other);
  EXPECT_EQ(refusal(), ErrorCode::busy);
}

TEST_F(StoreLockTest, LookingMakesNoSidecar) {
  EXPECT_FALSE(StoreLock::try_shared(store_));
  EXPECT_TRUE(std::filesystem::is_empty(folder_.path()));
}

// --- Whose it is. ---

TEST_F(StoreLockTest, ItsSidecarHasTheModeOfTheStoresFile) {
  make_store(0660);
  {
    const StoreLock lock = StoreLock::exclusive(store_, milliseconds(0));
  }
  EXPECT_EQ(mode_of_sidecar(), mode_t{0660});
  ASSERT_EQ(chmod(store_.c_str(), 0600), 0);
  {
    const StoreLock lock = StoreLock::exclusive(store_, milliseconds(0));
  }
  EXPECT_EQ(mode_of_sidecar(), mode_t{0600});
}

TEST_F(StoreLockTest, WhatRootMakesBelongsToTheStoresOwner) {
  if (geteuid() != 0) GTEST_SKIP() << "needs root";
  make_store(0640);
  ASSERT_EQ(chown(store_.c_str(), 1'001, 1'002), 0);
  {
    const StoreLock lock = StoreLock::exclusive(store_, milliseconds(0));
  }
  EXPECT_EQ(status("users.db.lock").st_uid, uid_t{1'001});
  EXPECT_EQ(status("users.db.lock").st_gid, gid_t{1'002});
  EXPECT_EQ(mode_of_sidecar(), mode_t{0640});
}

// Else whoever makes the link would be given the file.
TEST_F(StoreLockTest, AFileBehindALinkIsLockedAndLeftAsItIs) {
  make_store(0666);
  const std::filesystem::path other = folder_ / "other";
  std::ofstream(other) << "the precious text of somebody else";
  ASSERT_EQ(chmod(other.c_str(), 0600), 0);
  std::filesystem::create_symlink(other, folder_ / "users.db.lock");
  const StoreLock lock = StoreLock::exclusive(store_, milliseconds(0));
  EXPECT_EQ(refusal(), ErrorCode::store_locked);
  EXPECT_EQ(status("other").st_mode & 0777, mode_t{0600});
  std::ifstream file(other);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(file), {}), "the precious text of somebody else");
}

TEST_F(StoreLockTest, ToLockTakesTheRightToReadOnly) {
  make_store(0666);
  ASSERT_EQ(chmod(folder_.path().c_str(), 0777), 0);
  {
    const StoreLock made = StoreLock::exclusive(store_, milliseconds(0));
  }
  ASSERT_EQ(chmod((folder_ / "users.db.lock").c_str(), 0444), 0);
  test::Child child([&](const test::Reporter& parent) {
    constexpr uid_t kNobody = 65'534;
    if (geteuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0)) return parent.tell("locked");
    const StoreLock lock = StoreLock::exclusive(store_, milliseconds(0));
    parent.tell("locked");
    pause();
  });
  ASSERT_EQ(child.read_line(), "locked");
  if (geteuid() == 0) {
    EXPECT_EQ(refusal(), ErrorCode::store_locked);
  }
}

// --- Who holds it. ---

TEST_F(StoreLockTest, NobodyIsNamedWhoHasEnded) {
  test::Child gone([](const test::Reporter&) {});
  const pid_t pid = gone.pid();
  ASSERT_EQ(gone.wait(), 0);
  const StoreLock lock = StoreLock::exclusive(store_, milliseconds(0));
  std::ofstream(folder_ / "users.db.lock") << pid << '\n';
  const Error error = refusal();
  EXPECT_EQ(error, ErrorCode::store_locked);
  EXPECT_EQ(error.holder_pid(), std::nullopt);
}

// A child that lives on has no part in the lock of a parent that was killed.
TEST_F(StoreLockTest, EndsWithItsHolderWhateverChildrenItHas) {
  std::string grandchild;
  {
    test::Child holder([&](const test::Reporter& parent) {
      const StoreLock lock = StoreLock::exclusive(store_, milliseconds(0));
      const pid_t child = fork();
      if (child == 0) {
        parent.tell(std::to_string(getpid()));
        pause();
        _exit(0);
      }
      pause();
    });
    grandchild = holder.read_line().value_or("");
    EXPECT_EQ(refusal(), ErrorCode::store_locked);
  }
  EXPECT_NO_THROW(StoreLock::exclusive(store_, milliseconds(0)));
  kill(static_cast<pid_t>(std::stol(grandchild)), SIGKILL);
}

}   // namespace
}   // namespace usertags::store
