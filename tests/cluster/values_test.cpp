#include <gtest/gtest.h>

#include <string>

#include <usertags/cluster/node.hpp>

#include "cluster/map.hpp"

namespace usertags::cluster {
namespace {

Id id(std::uint8_t first) {
  Id id{};
  id.front() = first;
  return id;
}

Head some_head() {
  return {.store_id = id(1),
          .epoch = 7,
          .term = 3,
          .process = id(2),
          .entry = 12,
          .chain = 0xfedcba9876543210,
          .revision = 40,
          .last_token = 5,
          .digest = id(3),
          .nonce = id(4)};
}

TEST(Values, ComeBackAsTheyWere) {
  EXPECT_EQ(decode_head(encode(some_head())).value(), some_head());
  const Leader leader{id(5), 9, "10.0.0.1:80 \"x\"\n"};
  EXPECT_EQ(decode_leader(encode(leader)).value(), leader);
  const Member member{id(6), id(7), "there", 17, 1 << 20};
  EXPECT_EQ(decode_member(encode(member)).value(), member);
  for (const bool remote : {false, true}) {
    const Snapshot snapshot{4, ~std::uint64_t{0}, 5, 6, remote, "/snapshots/4"};
    EXPECT_EQ(decode_snapshot(encode(snapshot)).value(), snapshot);
  }
  const Map map{.cluster = id(8), .incarnation = id(9)};
  EXPECT_EQ(decode_map(encode(map)).value(), map);
}

TEST(Values, AMapHasAsManyShardsAsThereMayBe) {
  for (const std::uint64_t shards : {std::uint64_t{1}, Founding::kMaxShards})
    EXPECT_EQ(decode_map(encode(Map{.shards = shards})).value().shards, shards);
  for (const std::uint64_t shards : {std::uint64_t{0}, Founding::kMaxShards + 1})
    EXPECT_EQ(decode_map(encode(Map{.shards = shards})).error().code(), ErrorCode::corrupt_store);
}

TEST(Values, AreReadableTexts) {
  EXPECT_EQ(
      encode(some_head()),
      R"({"format":1,"store":"01000000000000000000000000000000","epoch":7,"term":3,)"
      R"("process":"02000000000000000000000000000000","entry":12,"chain":"fedcba9876543210","revision":40,)"
      R"("last_token":5,"digest":"03000000000000000000000000000000","nonce":"04000000000000000000000000000000"})");
}

// Whoever compares values compares texts.
TEST(Values, HaveOneText) {
  const std::string text = encode(some_head());
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char other : {' ', '0', '"', 'F', '\0', '\xff'}) {
      std::string changed = text;
      changed[i] = other;
      const auto decoded = decode_head(changed);
      if (decoded) {
        EXPECT_EQ(encode(*decoded), changed);
      }
    }
    EXPECT_FALSE(decode_head(text.substr(0, i)));
  }
  EXPECT_EQ(decode_head(text + ' ').error().code(), ErrorCode::corrupt_store);
}

TEST(Values, OfALaterFormatAreNamed) {
  EXPECT_EQ(decode_head(R"({"format":2,"anything":true})").error().code(), ErrorCode::unsupported_format);
}

}   // namespace
}   // namespace usertags::cluster
