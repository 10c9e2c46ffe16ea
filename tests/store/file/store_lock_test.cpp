#include "store/file/store_lock.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "model/failure.hpp"
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

}   // namespace
}   // namespace usertags::store
