#include "model/typeid.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <boost/json/src.hpp>
#include <fstream>
#include <iterator>
#include <limits>
#include <string>

namespace usertags::model {
namespace {

boost::json::array vectors(const char* name) {
  std::ifstream file(std::string(USERTAGS_TEST_DATA "/") + name);
  const std::string text{std::istreambuf_iterator<char>(file), {}};
  return boost::json::parse(text).as_array();
}

// From the usual form, with hyphens.
Uuid uuid_of(std::string_view text) {
  std::string digits(text);
  std::erase(digits, '-');
  Uuid uuid;
  for (std::size_t i = 0; i < uuid.size(); ++i) {
    uuid[i] = static_cast<std::uint8_t>(std::stoi(digits.substr(2 * i, 2), nullptr, 16));
  }
  return uuid;
}

std::string user_id(const Uuid& uuid) {
  std::string text(kUserIdBytes, '\0');
  write_user_id(uuid, text.data());
  return text;
}

TEST(TypeId, SatisfiesTheSpecificationsValidVectors) {
  const auto valid = vectors("typeid-valid.json");
  ASSERT_FALSE(valid.empty());
  for (const auto& vector : valid) {
    const std::string_view text = vector.at("typeid").as_string();
    const std::string_view prefix = vector.at("prefix").as_string();
    const Uuid uuid = uuid_of(vector.at("uuid").as_string());
    SCOPED_TRACE(text);
    const auto parsed = parse_typeid(text);
    ASSERT_TRUE(parsed);
    EXPECT_EQ(parsed->prefix, prefix);
    EXPECT_EQ(parsed->uuid, uuid);
    EXPECT_EQ(format_typeid(prefix, uuid), text);
  }
}

TEST(TypeId, SatisfiesTheSpecificationsInvalidVectors) {
  const auto invalid = vectors("typeid-invalid.json");
  ASSERT_FALSE(invalid.empty());
  for (const auto& vector : invalid) {
    const std::string_view text = vector.as_string();
    EXPECT_FALSE(parse_typeid(text)) << text;
  }
}

TEST(TypeId, TakesPrefixesOfUpTo63Characters) {
  const std::string suffix = "_00000000000000000000000000";
  EXPECT_TRUE(parse_typeid(std::string(63, 'a') + suffix));
  EXPECT_FALSE(parse_typeid(std::string(64, 'a') + suffix));
}

TEST(TypeId, TakesNoCharacterOutsideTheAlphabetAtAnyPosition) {
  const std::string_view alphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  for (std::size_t at = 1; at < 26; ++at) {
    for (int c = 0; c < 256; ++c) {
      std::string text(26, '0');
      text[at] = static_cast<char>(c);
      const bool valid = alphabet.find(text[at]) != std::string_view::npos;
      ASSERT_EQ(parse_user_id("user_" + text).has_value(), valid) << c << " at " << at;
    }
  }
}

TEST(UserId, IsATypeIdWithThePrefixUser) {
  EXPECT_TRUE(parse_user_id("user_01h455vb4pex5vsknk084sn02q"));
  for (const std::string_view text : {"", "user_", "user", "_01h455vb4pex5vsknk084sn02q",
                                      "01h455vb4pex5vsknk084sn02q", "User_01h455vb4pex5vsknk084sn02q",
                                      "user-01h455vb4pex5vsknk084sn02q", "user_01h455vb4pex5vsknk084sn02",
                                      "user_01h455vb4pex5vsknk084sn02qq", "admin_01h455vb4pex5vsknk084sn02q",
                                      "user_8zzzzzzzzzzzzzzzzzzzzzzzzz", "user_01H455VB4PEX5VSKNK084SN02Q"}) {
    EXPECT_FALSE(parse_user_id(text)) << text;
  }
}

RC_GTEST_PROP(UserId, RoundTripsAndComparesAsItsUuidDoes, (const Uuid& left, const Uuid& right)) {
  RC_ASSERT(parse_user_id(user_id(left)) == left);
  RC_ASSERT(user_id(left) == format_typeid("user", left));
  RC_ASSERT(parse_typeid(user_id(left))->uuid == left);
  RC_ASSERT((left <=> right) == (user_id(left) <=> user_id(right)));
}

// --- The next id. ---

constexpr std::int64_t kNow = 1'700'000'000'000;

std::uint64_t ms_of(const Uuid& uuid) {
  return uuid_order(uuid) >> 16;
}
std::uint64_t version_of(const Uuid& uuid) {
  return uuid_order(uuid) >> 12 & 0xF;
}
std::uint64_t counter_of(const Uuid& uuid) {
  return uuid_order(uuid) & 0xFFF;
}
bool is_version_7(const Uuid& uuid) {
  return version_of(uuid) == 7 && uuid[8] >> 6 == 0b10;
}

TEST(NextUserUuid, IsAUuidV7OfTheTime) {
  const Uuid uuid = next_user_uuid({}, kNow, 0xFEDC'BA98'7654'3210, 0x3210);
  EXPECT_TRUE(is_version_7(uuid));
  EXPECT_EQ(ms_of(uuid), kNow);
  EXPECT_EQ(counter_of(uuid), 0x210u);   // the low 11 bits of random
  EXPECT_EQ(uuid, uuid_of("018bcfe5-6800-7210-bedc-ba9876543210"));
  EXPECT_EQ(next_user_uuid({}, kNow, 0, 0x3FFF), uuid_of("018bcfe5-6800-7000-8000-000000003fff"));
  EXPECT_EQ(next_user_uuid({}, kNow, ~std::uint64_t{0}, 0), uuid_of("018bcfe5-6800-77ff-bfff-ffffffffc000"));
}

TEST(NextUserUuid, CountsUpWhereTheClockStandsStill) {
  const Uuid first = next_user_uuid({}, kNow, 5, 0);
  const Uuid second = next_user_uuid(first, kNow, 77, 0);
  EXPECT_EQ(uuid_order(second), uuid_order(first) + 1);
}

TEST(NextUserUuid, KeepsTheTimeWhereTheClockStepsBack) {
  const Uuid first = next_user_uuid({}, kNow, 5, 0);
  for (const std::int64_t earlier : {kNow - 1, kNow - 3'600'000, std::int64_t{0}, std::int64_t{-1},
                                     std::numeric_limits<std::int64_t>::min()}) {
    EXPECT_EQ(uuid_order(next_user_uuid(first, earlier, 0, 0)), uuid_order(first) + 1) << earlier;
  }
}

TEST(NextUserUuid, MovesTimeOnWhereTheCounterIsUsedUp) {
  Uuid uuid = next_user_uuid({}, kNow, 0x7FF, 0);
  while (counter_of(uuid) != 0xFFF) uuid = next_user_uuid(uuid, kNow, 0, 0);
  EXPECT_EQ(ms_of(uuid), kNow);
  const Uuid next = next_user_uuid(uuid, kNow, 9, 0);
  EXPECT_EQ(ms_of(next), kNow + 1);
  EXPECT_EQ(counter_of(next), 9u);
  EXPECT_TRUE(is_version_7(next));
}

TEST(NextUserUuid, LeavesRoomToCountInEveryMillisecond) {
  EXPECT_EQ(counter_of(next_user_uuid({}, kNow, std::numeric_limits<std::uint64_t>::max(), 0)), 0x7FFu);
}

TEST(NextUserUuid, TakesTheTimeOfTheClockWhereItHasMovedOn) {
  const Uuid first = next_user_uuid({}, kNow, 0, 0);
  EXPECT_EQ(ms_of(next_user_uuid(first, kNow + 1, 0, 0)), kNow + 1);
}

TEST(NextUserUuid, StartsAtTheBoundsOfTime) {
  EXPECT_EQ(ms_of(next_user_uuid({}, 0, 1, 0)), 0u);
  EXPECT_EQ(ms_of(next_user_uuid({}, -5, 1, 0)), 0u);
  EXPECT_TRUE(is_version_7(next_user_uuid({}, -5, 1, 0)));
  const Uuid latest = next_user_uuid({}, std::numeric_limits<std::int64_t>::max(), 1, 0);
  EXPECT_EQ(ms_of(latest), 0xFFFF'FFFF'FFFFu);
  EXPECT_GT(uuid_order(next_user_uuid(latest, 0, 1, 0)), uuid_order(latest));
}

TEST(NextUserUuid, IsNotGreaterWhereNoneIsLeft) {
  const Uuid last_version_7 = uuid_of("ffffffff-ffff-7fff-8000-000000000000");
  const Uuid last = uuid_of("ffffffff-ffff-ffff-ffff-ffffffffffff");
  for (const Uuid& end : {last_version_7, last}) {
    EXPECT_LE(uuid_order(next_user_uuid(end, kNow, 0x7FF, 0)), uuid_order(end));
  }
}

// Also after ids that no store made, whose version is another.
RC_GTEST_PROP(NextUserUuid, GrowsWhateverTheClockDoes, (Uuid uuid, std::uint64_t random)) {
  uuid[0] &= 0x7F;
  const auto times = *rc::gen::container<std::vector<std::int64_t>>(
      rc::gen::oneOf(rc::gen::inRange<std::int64_t>(kNow, kNow + 3), rc::gen::arbitrary<std::int64_t>()));
  for (const std::int64_t now : times) {
    if (now > std::int64_t{1} << 46) continue;
    const Uuid next = next_user_uuid(uuid, now, random++, 0);
    RC_ASSERT(uuid_order(next) > uuid_order(uuid));
    RC_ASSERT(user_id(next) > user_id(uuid));
    RC_ASSERT(is_version_7(next));
    uuid = next;
  }
}

// Frozen: stores are to agree where a user is.
TEST(Slots, AreThoseOfTheFormat) {
  EXPECT_EQ(slot_of(std::string_view("user_ext_123")), XXH3_64bits("user_ext_123", 12) % 16'384);
  EXPECT_EQ(slot_of(std::string_view("")), XXH3_64bits("", 0) % 16'384);
  for (const int slot : {0, 1, 0x2A2A, kSlots - 1})
    EXPECT_EQ(slot_of(next_user_uuid({}, kNow, ~std::uint64_t{0}, static_cast<std::uint16_t>(slot))), slot);
}

}   // namespace
}   // namespace usertags::model
