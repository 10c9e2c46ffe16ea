#include "store/write/request.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace usertags::store {
namespace {

std::string hex_of(const WriteView& write) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  RequestDigester digest;
  std::string text;
  for (const std::uint8_t byte : digest(write)) {
    text += kDigits[byte >> 4];
    text += kDigits[byte & 0xF];
  }
  return text;
}

std::string hex_of(const Write& write) {
  return hex_of(view(write));
}

// Values of another program (python-xxhash 3.2, xxh3_128_hexdigest) over the bytes that file-format.md tells.
TEST(RequestDigest, IsThatOfTheFormat) {
  EXPECT_EQ(hex_of(CreateUser{"ann", {{"tier", "gold"}}, {}}), "2d0095e610177874d29fdd449df20ad2");
  EXPECT_EQ(
      hex_of(PatchUser{"ann",
                       TagBatch().update("tier", "gold", {"silver"}).erase("trial", {.must_exist = true}),
                       {.expected_revision = 7}}),
      "388e01c9d723e594ae4592c94d4bf7cd");
  EXPECT_EQ(hex_of(DeleteUser{"ann", {}}), "4601b1fa3a8cefc0ff93ff3b30ec26a8");
  EXPECT_EQ(hex_of(EnsureUser{"ann", {{"tier", "gold"}}, {}}), "57b251c1e8434fed0324df5cfd38a865");
  EXPECT_EQ(hex_of(PatchView{"ann", TagBatch(), {}, true}), "fe42f55ffd91b691473c7245e8b3824b");
}

std::string modification(std::string_view user, const TagBatch& batch, const ApplyOptions& options = {}) {
  return hex_of(PatchView{user, batch, options, true});
}

TEST(RequestDigest, OfWhatAFunctionDecidesTheUserAloneCounts) {
  EXPECT_EQ(modification("ann", TagBatch()),
            modification("ann", TagBatch().set("a", "b"), {.expected_revision = 7}));
}

TEST(RequestDigest, WhatIsAskedForCounts) {
  const std::set<std::string> digests{
      hex_of(PatchUser{"ann", TagBatch().set("a", "b"), {}}),
      hex_of(PatchUser{"bob", TagBatch().set("a", "b"), {}}),
      hex_of(PatchUser{"ann", TagBatch().set("a", "c"), {}}),
      hex_of(PatchUser{"ann", TagBatch().set("b", "b"), {}}),
      hex_of(PatchUser{"ann", TagBatch().set("", "ab"), {}}),
      hex_of(PatchUser{"ann", TagBatch().update("a", "b"), {}}),
      hex_of(PatchUser{"ann", TagBatch().create("a", "b"), {}}),
      hex_of(PatchUser{"ann", TagBatch().set("a", "b", {""}), {}}),
      hex_of(PatchUser{"ann", TagBatch().set("a", "b").erase("c"), {}}),
      hex_of(PatchUser{"ann", TagBatch().erase("a"), {}}),
      hex_of(PatchUser{"ann", TagBatch().erase("a", {.must_exist = true}), {}}),
      hex_of(PatchUser{"ann", TagBatch().set("a", "b"), {.expected_revision = 0}}),
      hex_of(PatchUser{"ann", TagBatch().set("a", "b"), {.expected_revision = 1}}),
      hex_of(PatchUser{"ann", TagBatch(), {}}),
      hex_of(DeleteUser{"ann", {}}),
      hex_of(CreateUser{"ann", {}, {}}),
      hex_of(CreateUser{"ann", {{"a", "b"}}, {}}),
      hex_of(CreateUser{"ann", {{"ab", ""}}, {}}),
      hex_of(EnsureUser{"ann", {}, {}}),
      hex_of(EnsureUser{"ann", {{"a", "b"}}, {}}),
      modification("ann", TagBatch()),
      modification("bob", TagBatch()),
  };
  EXPECT_EQ(digests.size(), 22U);
}

TEST(RequestDigest, WhoWhyAndHowLongDoNot) {
  const auto patch = [](const ApplyOptions& options) {
    return hex_of(PatchUser{"ann", TagBatch().set("a", "b"), options});
  };
  EXPECT_EQ(patch({.token = "t", .note = "by hand", .deadline = std::chrono::steady_clock::now()}),
            patch({}));
}

}   // namespace
}   // namespace usertags::store
