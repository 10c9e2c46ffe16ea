// Lifetime is what can go wrong with these types: the address sanitizer makes these tests sharp.
#include <gtest/gtest.h>

#include <algorithm>
#include <iterator>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <type_traits>
#include <usertags/user.hpp>
#include <usertags/user_ref.hpp>
#include <utility>
#include <vector>

#include "allocations.hpp"
#include "make_record.hpp"

namespace usertags {
namespace {

using model::UserAccess;
using test::make_record;
using test::make_user;

static_assert(std::is_nothrow_copy_constructible_v<User> && std::is_nothrow_move_constructible_v<User>);
static_assert(std::is_nothrow_copy_assignable_v<User> && std::is_nothrow_move_assignable_v<User>);
static_assert(std::is_nothrow_copy_constructible_v<TagValue> &&
              std::is_nothrow_copy_constructible_v<TagsView>);
static_assert(sizeof(User) == sizeof(void*));
static_assert(!std::is_default_constructible_v<User> && !std::is_default_constructible_v<UserView>);
static_assert(std::forward_iterator<TagIterator>);
static_assert(std::ranges::forward_range<TagsView> && std::ranges::sized_range<TagsView>);
static_assert(std::ranges::forward_range<UserView::Tags>);
static_assert(std::is_convertible_v<TagValue, std::string_view>);
static_assert(noexcept(std::declval<const User&>().id()) &&
              noexcept(std::declval<const User&>().external_id()));
static_assert(noexcept(std::declval<const User&>().tags()) && noexcept(std::declval<const User&>().tag("")));
static_assert(noexcept(std::declval<const User&>() == std::declval<const User&>()));

// An id's text is part of the UserId: a view of a temporary's would dangle.
static_assert(std::is_convertible_v<const UserId&, std::string_view> &&
              !std::is_convertible_v<UserId, std::string_view>);
static_assert(std::is_convertible_v<UserId, std::string> && std::is_constructible_v<std::string, UserId>);
static_assert(std::is_nothrow_copy_constructible_v<UserId> && std::is_trivially_copyable_v<UserId>);

template <class Id>
concept HasView = requires(Id&& id) { std::forward<Id>(id).view(); };
static_assert(HasView<const UserId&> && !HasView<UserId> && !HasView<const UserId>);

// As a store's `find` answers: the caller holds the only reference.
std::optional<User> find() {
  return make_user({{"department", "engineering"}, {"tier", "gold"}}, "ext 1");
}

std::string joined(const auto& tags) {
  std::string text;
  for (auto [key, value] : tags) text += std::string(key) + "=" + std::string(value) + ";";
  return text;
}

TEST(User, TellsWhatItIs) {
  const auto user = find();
  EXPECT_EQ(user->id(), test::kSomeId);
  EXPECT_EQ(user->external_id(), "ext 1");
  EXPECT_EQ(user->revision(), 7u);
  EXPECT_EQ(user->tags().size(), 2u);
  EXPECT_FALSE(user->tags().empty());
  EXPECT_EQ(joined(user->tags()), "department=engineering;tier=gold;");
  EXPECT_TRUE(make_user({}).tags().empty());
}

TEST(UserId, IsAText) {
  const auto user = find();
  const UserId id = user->id();
  const std::string_view text = id;
  EXPECT_EQ(text, test::kSomeId);
  EXPECT_EQ(id.view().data(), text.data());
  EXPECT_EQ(std::string(user->id()), test::kSomeId);
  EXPECT_EQ(UserRef(id).text(), test::kSomeId);
  std::string assigned;
  assigned = user->id();
  EXPECT_EQ(assigned, test::kSomeId);
  const UserId of_nobody;
  EXPECT_EQ(of_nobody.view(), "");
}

TEST(UserId, ComparesWithIdsAndTexts) {
  const UserId id = find()->id();
  const UserId later = model::Record::make(1, 1, {0xFF}, "x", {})->id();
  EXPECT_TRUE(id == find()->id() && id != later && id < later && later > id);
  EXPECT_TRUE(id == test::kSomeId && test::kSomeId == id && id != "" && id > "user_0" && "user_z" > id);
  EXPECT_TRUE(id == std::string(test::kSomeId) && UserId() == "" && UserId() < id && UserId() != id);
}

TEST(User, GivesTheValueOfAKey) {
  const auto user = find();
  EXPECT_EQ(user->tag("tier"), "gold");
  EXPECT_EQ(user->tag("tier")->view(), "gold");
  EXPECT_FALSE(user->tag("absent"));
  EXPECT_FALSE(user->tag("absent") == "gold");
  EXPECT_TRUE(user->tag("tier") == "gold");
  EXPECT_FALSE(user->tag("tier") == "silver");
  const std::string_view converted = *user->tag("tier");
  EXPECT_EQ(converted, "gold");
}

TEST(User, GivesADefaultForAnAbsentKey) {
  const auto user = find();
  EXPECT_EQ(user->tag("tier").value_or("none"), "gold");
  EXPECT_EQ(user->tag("absent").value_or("none"), "none");
  const std::string kept = "kept elsewhere";
  EXPECT_EQ(user->tag("absent").value_or(kept), kept);
  EXPECT_EQ(user->tag("absent").value_or(std::string_view(kept)).view().data(), kept.data());
  static_assert(!std::is_convertible_v<std::string, TagValue>, "it would own nothing");
  const TagValue value = find()->tag("tier").value_or("none");   // of a user that is gone
  EXPECT_EQ(value, "gold");
}

TEST(User, TagsOfATemporaryCanBeWalked) {
  std::string text;
  for (auto [key, value] : find()->tags()) text += std::string(key) + "=" + std::string(value) + ";";
  EXPECT_EQ(text, "department=engineering;tier=gold;");
}

TEST(User, TagsOutliveTheUser) {
  auto user = find();
  const TagsView tags = user->tags();
  user.reset();
  EXPECT_EQ(joined(tags), "department=engineering;tier=gold;");
}

TEST(User, AValueOutlivesTheUser) {
  auto user = find();
  const auto value = user->tag("tier");
  user.reset();
  EXPECT_EQ(value, "gold");
  const TagValue copy = *value;
  EXPECT_EQ(copy, "gold");
}

TEST(User, AValueOfATemporaryLives) {
  const auto value = find()->tag("department");
  EXPECT_EQ(*value, "engineering");
}

TEST(User, OutlivesTheEnginesReference) {
  std::optional<User> user;
  {
    const model::RecordPtr record = make_record({{"a", "1"}});
    user = UserAccess::user(record);
  }
  EXPECT_EQ(user->tag("a"), "1");
}

TEST(User, CopiesShareOneSnapshotWithoutMemory) {
  const User user = *find();
  const std::size_t before = test::allocations();
  const User copy = user;
  const std::vector<Tag>::size_type size = copy.tags().size();
  const auto value = copy.tag("tier");
  EXPECT_EQ(test::allocations(), before);
  EXPECT_EQ(copy.external_id().data(), user.external_id().data());
  EXPECT_EQ(size, 2u);
  EXPECT_EQ(value, "gold");
}

TEST(User, CanBeAssigned) {
  User user = make_user({{"a", "1"}});
  const User other = make_user({{"b", "2"}});
  user = other;
  EXPECT_EQ(joined(user.tags()), "b=2;");
  const User& same = user;
  user = same;
  EXPECT_EQ(joined(user.tags()), "b=2;");
  user = make_user({{"c", "3"}});
  EXPECT_EQ(joined(user.tags()), "c=3;");
}

TEST(User, IsEmptyWhereItWasMovedFrom) {
  User user = make_user({{"a", "1"}});
  const User moved = std::move(user);
  EXPECT_EQ(joined(moved.tags()), "a=1;");
  // NOLINTBEGIN(bugprone-use-after-move): the promise
  EXPECT_EQ(user.id(), "");
  EXPECT_EQ(user.external_id(), "");
  EXPECT_EQ(user.revision(), 0u);
  EXPECT_EQ(user.tag("a"), std::nullopt);
  EXPECT_TRUE(user.tags().empty());
  EXPECT_EQ(user.tags().begin(), user.tags().end());
  EXPECT_FALSE(user == moved);
  EXPECT_TRUE(user == user);
  // NOLINTEND(bugprone-use-after-move)
}

TEST(User, IsEqualWhereEverythingIs) {
  const auto user = [](std::vector<Tag> tags, std::string_view external_id, std::uint64_t revision,
                       std::string_view id) {
    return UserAccess::user(make_record(std::move(tags), external_id, revision, id));
  };
  const User one = user({{"a", "1"}}, "x", 7, test::kSomeId);
  EXPECT_EQ(one, one);
  EXPECT_EQ(one, user({{"a", "1"}}, "x", 7, test::kSomeId));
  EXPECT_FALSE(one == user({{"a", "2"}}, "x", 7, test::kSomeId));
  EXPECT_FALSE(one == user({}, "x", 7, test::kSomeId));
  EXPECT_FALSE(one == user({{"a", "1"}}, "y", 7, test::kSomeId));
  EXPECT_FALSE(one == user({{"a", "1"}}, "x", 8, test::kSomeId));
  EXPECT_FALSE(one == user({{"a", "1"}}, "x", 7, "user_00000000000000000000000000"));
}

TEST(TagIterator, IsAMultiPassForwardIterator) {
  const User user = make_user({{"a", "1"}, {"b", "2"}, {"c", "3"}});
  const TagsView tags = user.tags();
  TagIterator at = tags.begin();
  const TagIterator first = at++;
  EXPECT_EQ(first->key, "a");
  EXPECT_EQ(at->key, "b");
  EXPECT_EQ((*at).value, "2");
  EXPECT_NE(first, at);
  EXPECT_EQ(std::next(first), at);
  EXPECT_EQ(std::ranges::distance(first, tags.end()), 3);
  EXPECT_EQ(std::ranges::distance(first, tags.end()), 3);
  EXPECT_TRUE(std::ranges::is_sorted(tags, {}, &Tag::key));
  EXPECT_EQ(std::ranges::find(tags, "c", &Tag::key)->value, "3");
}

TEST(UserView, ShowsARecordWithoutAReference) {
  const model::RecordPtr record = make_record({{"a", "1"}, {"b", "2"}}, "x");
  const UserView user = UserAccess::view(*record);
  EXPECT_EQ(user.id(), test::kSomeId);
  EXPECT_EQ(user.external_id(), "x");
  EXPECT_EQ(user.revision(), 7u);
  EXPECT_EQ(user.tag("b"), "2");
  EXPECT_EQ(user.tag("c"), std::nullopt);
  EXPECT_EQ(joined(user.tags()), "a=1;b=2;");
}

}   // namespace
}   // namespace usertags
