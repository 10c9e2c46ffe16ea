// A look-up beside a publisher, step by step: what happens between its loads is done by the function that it asks for
// the visible revision.
#include "index/directory.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdint>
#include <optional>
#include <utility>

#include "index/make_step.hpp"

namespace usertags::index {
namespace {

constexpr std::uint64_t kNone = 0;

// One user, who was created by revision 1. A group is made by push(), shown by show(), and what came before it is
// dropped then, as a publication does.
class DirectoryReading : public testing::Test {
 protected:
  DirectoryReading() {
    directory_.reserve_users(std::array{hash_});
    directory_.load(hash_, version(1, 1, "u", {}));
  }
  ~DirectoryReading() override { show(visible_); }

  void push(model::RecordPtr record) { directory_.push(hash_, std::move(record), false, links_[pushed_++]); }
  void show(std::uint64_t revision) {
    visible_ = revision;
    while (dropped_ < pushed_) directory_.unlink(hash_, links_[dropped_++]);
  }

  enum class When : std::uint8_t { before_it_is_answered, after };

  // What a look-up sees, by name or by ordinal, whose first question for the visible revision takes so long that
  // passes() happens meanwhile.
  std::uint64_t seen_while(auto&& passes, std::optional<std::uint32_t> ordinal = {},
                           When when = When::after) {
    std::uint64_t seen = kNone;
    int asked = 0;
    const auto revision = [&] {
      const bool first = asked++ == 0;
      if (first && when == When::before_it_is_answered) passes();
      const std::uint64_t answer = visible_;
      if (first && when == When::after) passes();
      return answer;
    };
    const auto see = [&](const model::Record& record) { seen = record.revision(); };
    ordinal ? directory_.visit(*ordinal, hash_, revision, see) : directory_.visit("u", revision, see);
    return seen;
  }

  const std::uint32_t hash_ = Directory::hash("u");
  Limbo limbo_;
  Directory directory_{limbo_};
  std::array<Link, 4> links_;
  std::size_t pushed_ = 0;
  std::size_t dropped_ = 0;
  std::uint64_t visible_ = 1;
};

TEST_F(DirectoryReading, FindsAUserOfWhomOneVersionFollowed) {
  push(version(1, 2, "u", {}));
  EXPECT_EQ(seen_while([&] { show(2); }), 2u);
}

// The older of the two leads to what was visible, and leads there no more when that is dropped.
TEST_F(DirectoryReading, FindsAUserOfWhomTwoVersionsFollowed) {
  push(version(1, 2, "u", {}));
  push(version(1, 3, "u", {}));
  EXPECT_EQ(seen_while([&] { show(3); }), 3u);
}
TEST_F(DirectoryReading, FindsAnOrdinalOfWhichTwoVersionsFollowed) {
  push(version(1, 2, "u", {}));
  push(version(1, 3, "u", {}));
  EXPECT_EQ(seen_while([&] { show(3); }, 1), 3u);
}

TEST_F(DirectoryReading, FindsTheUserWhoFollowedOneOfTheSameName) {
  push(model::Record::make_tombstone(*version(1, 1, "u", {}), 2));
  push(version(2, 3, "u", {}));
  EXPECT_EQ(seen_while([&] { show(3); }), 3u);
  EXPECT_EQ(seen_while([] {}, 1), kNone);
}

// Of a group that is shown as a whole, the last version is seen, or none.
TEST_F(DirectoryReading, DoesNotSeeHalfOfAGroup) {
  const auto the_other_half = [&] {
    push(version(2, 3, "u", {}));
    show(3);
  };
  push(model::Record::make_tombstone(*version(1, 1, "u", {}), 2));
  EXPECT_EQ(seen_while([] {}), 1u);
  EXPECT_EQ(seen_while(the_other_half, {}, When::before_it_is_answered), 3u);
}

TEST_F(DirectoryReading, DoesNotFindWhoComesLater) {
  push(model::Record::make_tombstone(*version(1, 1, "u", {}), 2));
  push(version(2, 3, "u", {}));
  EXPECT_EQ(seen_while([] {}, 2), kNone);
}

}   // namespace
}   // namespace usertags::index
