#include "model/digest.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "make_record.hpp"

namespace usertags::model {
namespace {

using test::make_record;

constexpr auto kMax = std::numeric_limits<std::uint64_t>::max();

Digest sum(Digest left, const Digest& right) {
  return left += right;
}
Digest difference(Digest left, const Digest& right) {
  return left -= right;
}

TEST(Digest, AddsAndSubtractsModulo2To128) {
  EXPECT_EQ(sum({kMax, 0}, {1, 0}), (Digest{0, 1}));
  EXPECT_EQ(sum({kMax, kMax}, {1, 0}), (Digest{0, 0}));
  EXPECT_EQ(sum({kMax, 1}, {kMax, 2}), (Digest{kMax - 1, 4}));
  EXPECT_EQ(difference({0, 1}, {1, 0}), (Digest{kMax, 0}));
  EXPECT_EQ(difference({0, 0}, {1, 0}), (Digest{kMax, kMax}));
  EXPECT_EQ(difference({5, 5}, {5, 5}), Digest{});
}

TEST(Digest, IsWrittenHighFirst) {
  const Digest digest{.low = 0x0123456789ABCDEF, .high = 0xFEDCBA9876543210};
  EXPECT_EQ(digest.hex(), "fedcba98765432100123456789abcdef");
  EXPECT_EQ(digest.bytes()[0], 0xFE);
  EXPECT_EQ(digest.bytes()[15], 0xEF);
  EXPECT_EQ(Digest::from_bytes(digest.bytes()), digest);
  EXPECT_EQ(Digest{}.hex(), std::string(32, '0'));
}

RC_GTEST_PROP(Digest, SubtractingUndoesAdding,
              (std::uint64_t a, std::uint64_t b, std::uint64_t c, std::uint64_t d)) {
  const Digest one{a, b};
  const Digest other{c, d};
  RC_ASSERT(difference(sum(one, other), other) == one);
  RC_ASSERT(sum(one, other) == sum(other, one));
  RC_ASSERT(Digest::from_bytes(one.bytes()) == one);
}

// A user who comes, is patched, and goes; texts that fit into the image, and that do not.
TEST(Digest, GoesWithAUserFromVersionToVersion) {
  const Digest others = user_hash(*make_record({{"k", "v"}}, "another", 3));
  for (const std::size_t size : {std::size_t{1}, std::size_t{1000}}) {
    const RecordPtr first = make_record({{"k", std::string(size, 'x')}}, "user", 1);
    const RecordPtr second = make_record({{"k", std::string(size, 'y')}, {"l", ""}}, "user", 2);
    Digest digest = others;
    replace_user(nullptr, *first, digest);
    EXPECT_EQ(digest, sum(others, user_hash(*first)));
    replace_user(first.get(), *second, digest);
    EXPECT_EQ(digest, sum(others, user_hash(*second)));
    replace_user(second.get(), *Record::make_tombstone(*second, 3), digest);
    EXPECT_EQ(digest, others);
  }
}

// The hash of format version 1, frozen: a store that was written once must be provable for ever.
TEST(UserHash, IsPartOfTheFileFormat) {
  const RecordPtr record = make_record({{"department", "engineering"}, {"tier", "gold"}}, "user_ext_123", 7);
  EXPECT_EQ(user_hash(*record).hex(), "bccaaf696a64f811780b76e21f53a42b");
  EXPECT_EQ(row_checksum(*record), 0x780b76e21f53a42b);
}

// docs/file-format.md names them. With 97 bytes of external id these fill what short users are gathered in.
TEST(UserHash, IsOfTheBytesThatTheFormatNames) {
  for (const std::size_t size : {0U, 1U, 96U, 97U, 98U, 10'000U}) {
    const std::string id(size, 'e');
    std::string bytes("\x02\x01\0\0\0\0\0\0", 8);   // revision
    append_number(static_cast<std::uint16_t>(id.size()), bytes);
    bytes += std::string("\x04\0", 2) + std::string(test::kSomeId) + id;   // number of tags, and ids
    const std::string short_value(100, 's');
    const std::string long_value(255, 'l');
    bytes += std::string("\x01\x03kval") + std::string("\x01\0l", 3);
    bytes += "\x01\x64m" + short_value;
    bytes += std::string("\x01\xFF\xFF\0n", 5) + long_value;
    const XXH128_hash_t expected = XXH3_128bits(bytes.data(), bytes.size());
    const Digest hash =
        user_hash(*make_record({{"k", "val"}, {"l", ""}, {"m", short_value}, {"n", long_value}}, id, 0x0102));
    EXPECT_EQ(hash.low, expected.low64);
    EXPECT_EQ(hash.high, expected.high64);
  }
}

TEST(UserHash, LowHalfIsTheRowsChecksum) {
  const RecordPtr record = make_record({{"a", "1"}});
  EXPECT_EQ(static_cast<std::uint64_t>(row_checksum(*record)), user_hash(*record).low);
  const RecordPtr tombstone = Record::make_tombstone(*record, record->revision());
  EXPECT_NE(row_checksum(*tombstone), row_checksum(*record));
}

TEST(UserHash, DiffersWhereTheUserDoes) {
  const std::vector<RecordPtr> records = {
      make_record({}),
      make_record({{"a", "bc"}}),
      make_record({{"ab", "c"}}),
      make_record({{"a", "b"}, {"c", ""}}),
      make_record({{"a", "bc"}}, "ext", 8),
      make_record({{"a", "bc"}}, "exu"),
      make_record({{"a", "bc"}}, "ext", 7, "user_00000000000000000000000000"),
      make_record({{"bc", ""}}, "exta"),
  };
  std::vector<std::string> hashes;
  for (const RecordPtr& record : records) hashes.push_back(user_hash(*record).hex());
  std::ranges::sort(hashes);
  EXPECT_EQ(std::ranges::adjacent_find(hashes), hashes.end());
}

using Tags = std::map<std::string, std::string>;

Digest hash_of(std::size_t user, const Tags& tags) {
  std::vector<Tag> views;
  for (const auto& [key, value] : tags) views.push_back({key, value});
  return user_hash(*make_record(views, "ext " + std::to_string(user)));
}

Digest digest_of(const std::vector<Tags>& users, const std::vector<std::size_t>& order) {
  Digest digest;
  for (const std::size_t user : order) digest += hash_of(user, users[user]);
  return digest;
}

RC_GTEST_PROP(StateDigest, IsIndependentOfTheOrderOfUsers, (const std::vector<Tags>& users)) {
  std::vector<std::size_t> order(users.size());
  for (std::size_t i = 0; i < order.size(); ++i) order[i] = i;
  const Digest digest = digest_of(users, order);
  std::ranges::reverse(order);
  RC_ASSERT(digest_of(users, order) == digest);
  std::ranges::rotate(order, order.begin() + static_cast<std::ptrdiff_t>(order.size() / 2));
  RC_ASSERT(digest_of(users, order) == digest);
}

RC_GTEST_PROP(StateDigest, FollowsOneUsersChange,
              (const Tags& before, const Tags& after, const Tags& other)) {
  Digest digest = sum(hash_of(0, before), hash_of(1, other));
  digest -= hash_of(0, before);
  digest += hash_of(0, after);
  RC_ASSERT(digest == sum(hash_of(1, other), hash_of(0, after)));
  digest -= hash_of(0, after);
  RC_ASSERT(digest == hash_of(1, other));
}

}   // namespace
}   // namespace usertags::model
