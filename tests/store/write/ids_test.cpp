// Ids: TypeIDs of UUIDv7 that only ever grow, whatever the clock does, over reopening too.
#include <gtest/gtest.h>
#include <xxhash.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;
using Time = std::chrono::system_clock::time_point;

// The 16 bytes of the UUID in the id's last 26 characters.
std::array<std::uint8_t, 16> uuid_of(std::string_view id) {
  constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  std::array<std::uint8_t, 16> uuid{};
  for (const char c : id.substr(5)) {
    auto carry = static_cast<unsigned>(kAlphabet.find(c));
    for (auto byte = uuid.rbegin(); byte != uuid.rend(); ++byte) {
      const unsigned shifted = (unsigned{*byte} << 5) | carry;
      *byte = static_cast<std::uint8_t>(shifted & 0xFF);
      carry = shifted >> 8;
    }
  }
  return uuid;
}

std::int64_t time_of(std::string_view id) {
  std::int64_t ms = 0;
  for (int byte = 0; byte < 6; ++byte) ms = (ms << 8) | uuid_of(id)[static_cast<std::size_t>(byte)];
  return ms;
}

class Ids : public testing::Test {
 protected:
  Options options() {
    Options options;
    options.durability = Durability::relaxed;
    options.clock = [this] { return now_.load(); };
    return options;
  }
  void create(UserTagStore& store, int count) {
    for (int n = 0; n < count; ++n) {
      ids_.emplace_back(must(store.create_user("user " + std::to_string(ids_.size()))).user->id());
    }
  }

  TempDir folder_;
  std::atomic<Time> now_ = Time(1'700'000'000'000ms);
  std::vector<std::string> ids_;
};

TEST_F(Ids, BearVersionVariantAndTime) {
  auto store = must(UserTagStore::open(folder_ / "users.db", options()));
  create(store, 1);
  const auto uuid = uuid_of(ids_[0]);
  EXPECT_EQ(ids_[0].size(), 31U);
  EXPECT_EQ(uuid[6] >> 4, 7);
  EXPECT_EQ(uuid[8] >> 6, 2);
  EXPECT_EQ(time_of(ids_[0]), 1'700'000'000'000);
}

// Frozen: by it stores are to agree where a user is.
TEST_F(Ids, BearTheSlotOfTheExternalId) {
  auto store = must(UserTagStore::open(folder_ / "users.db", options()));
  for (const std::string_view name : {"user_ext_123", "-", "\xCE\xA9"}) {
    const auto id = must(store.create_user(name)).user->id();
    const auto uuid = uuid_of(id);
    const auto slot = XXH3_64bits(name.data(), name.size()) % 16'384;
    EXPECT_EQ((uuid[14] & 0x3F) << 8 | uuid[15], static_cast<int>(slot)) << name;
  }
}

TEST_F(Ids, GrowWhileTheClockStandsStillGoesBackAndIsReopened) {
  auto store = must(UserTagStore::open(folder_ / "users.db", options()));
  create(store, 10'000);   // more than a millisecond's counter holds
  now_ = Time(1'600'000'000'000ms);
  create(store, 10);
  must(store.close());
  store = must(UserTagStore::open(folder_ / "users.db", options()));
  create(store, 10);
  must(store.delete_user(ids_.back()));
  must(store.maintain(1min));
  store = must(UserTagStore::open_in_memory());   // dropped without close
  now_ = Time(-1ms);
  store = must(UserTagStore::open(folder_ / "users.db", options()));
  create(store, 10);
  now_ = Time(1'800'000'000'000ms);
  create(store, 1);
  for (std::size_t n = 1; n < ids_.size(); ++n) ASSERT_LT(ids_[n - 1], ids_[n]) << n;
  EXPECT_EQ(time_of(ids_.back()), 1'800'000'000'000);
  EXPECT_TRUE(must(store.verify()).ok());
}

TEST_F(Ids, DifferBetweenStoresOfTheSameMoment) {
  auto first = must(UserTagStore::open_in_memory(options()));
  auto second = must(UserTagStore::open_in_memory(options()));
  EXPECT_NE(must(first.create_user("ann")).user->id(), must(second.create_user("ann")).user->id());
}

// Nothing of the newest user is left in the file but what the commit record says.
TEST_F(Ids, OfADeletedAndPrunedUserComesBackNeitherAfterReopeningNorWithTheClockSetBack) {
  Options forgetful = options();
  settings_of(forgetful).history.min_changes = 0;
  auto store = must(UserTagStore::open(folder_ / "users.db", forgetful));
  create(store, 2);
  const std::string newest = ids_.back();
  must(store.delete_user("user 1"));
  must(store.maintain(1s));
  ASSERT_EQ(store.stats().log_floor, 4U);
  ASSERT_EQ(code_of(store.history(UserRef::id(newest))), ErrorCode::user_not_found);
  must(store.close());
  now_ = now_.load() - 24h * 365;
  store = must(UserTagStore::open(folder_ / "users.db", forgetful));
  const auto again = must(store.create_user("user 1"));
  EXPECT_GT(again.user->id(), newest);
  const ChangePage page = must(store.changes(store.position().at(store.revision() - 1)));
  EXPECT_GE(page.changes.at(0).at, std::chrono::sys_time<std::chrono::milliseconds>(1'700'000'000'000ms));
}

}   // namespace
}   // namespace usertags::test
