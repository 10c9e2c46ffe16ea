#include "model/change.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace usertags::model {
namespace {

Token sample() {
  return {.seq = 3,
          .ordinal = 2,
          .revision = 7,
          .changed = true,
          .lived_ms = 1'000,
          .text = "t-1",
          .request = {1, 2}};
}

// The bytes that file-format.md tells, hashed by another program (xxhash 0.8, `xxhsum -H3`).
TEST(TokenChecksum, IsThatOfTheFormat) {
  EXPECT_EQ(token_checksum(sample()), 0x4aa086b23757e33aU);
}

TEST(TokenChecksum, EveryFieldCounts) {
  std::set<std::uint64_t> checksums;
  const auto with = [&](auto change) {
    Token token = sample();
    change(token);
    checksums.insert(token_checksum(token));
  };
  with([](Token&) {});
  with([](Token& token) { token.seq = 4; });
  with([](Token& token) { token.ordinal = 0; });
  with([](Token& token) { token.revision = 8; });
  with([](Token& token) { token.changed = false; });
  with([](Token& token) { token.lived_ms = 1'001; });
  with([](Token& token) { token.text = "t-2"; });
  with([](Token& token) { token.text = std::string_view("t-1\0", 4); });
  with([](Token& token) { token.request[15] = 1; });
  EXPECT_EQ(checksums.size(), 9U);
}

TEST(TokenChecksum, TheLongestTokenFits) {
  const std::string longest(kMaxTokenBytes, '\xFF');
  Token token = sample();
  token.text = longest;
  EXPECT_NE(token_checksum(token), token_checksum(sample()));
}

}   // namespace
}   // namespace usertags::model
