#include "store/write/housekeeping.hpp"

#include <gtest/gtest.h>

namespace usertags::store {
namespace {

// Writes that come, one by one, before the next try.
std::size_t wait_of(Postponement& postponement) {
  std::size_t writes = 0;
  for (; !postponement.is_over(); ++writes) postponement.note_writes(1);
  return writes;
}

TEST(Postponement, NothingIsPutOffAtFirst) {
  EXPECT_TRUE(Postponement().is_over());
}

TEST(Postponement, GrowsWithEachFailureUpToABound) {
  Postponement postponement;
  for (std::size_t expected = Postponement::kFirst; expected < Postponement::kLongest; expected *= 2) {
    postponement.note_failure();
    EXPECT_EQ(wait_of(postponement), expected);
  }
  for (int again = 0; again < 3; ++again) {
    postponement.note_failure();
    EXPECT_EQ(wait_of(postponement), Postponement::kLongest);
  }
}

TEST(Postponement, EndsWithASuccess) {
  Postponement postponement;
  postponement.note_failure();
  postponement.note_failure();
  postponement.note_success();
  EXPECT_TRUE(postponement.is_over());
  postponement.note_failure();
  EXPECT_EQ(wait_of(postponement), Postponement::kFirst);
}

TEST(Postponement, ALargeGroupEndsItAtOnce) {
  Postponement postponement;
  postponement.note_failure();
  postponement.note_writes(1'000'000);
  EXPECT_TRUE(postponement.is_over());
}

}   // namespace
}   // namespace usertags::store
