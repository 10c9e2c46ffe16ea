// What a host sees: the public headers alone, and that they link.
#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <type_traits>
#include <usertags/error.hpp>
#include <usertags/options.hpp>
#include <usertags/page.hpp>
#include <usertags/progress.hpp>
#include <usertags/selector.hpp>
#include <usertags/stats.hpp>
#include <usertags/tag.hpp>
#include <usertags/tag_batch.hpp>
#include <usertags/user_ref.hpp>
#include <usertags/write.hpp>
#include <utility>
#include <vector>

namespace usertags {
namespace {

// --- UserRef ---

static_assert(std::is_convertible_v<std::string, UserRef>);
static_assert(std::is_convertible_v<const char*, UserRef>);
static_assert(std::is_convertible_v<const char (&)[4], UserRef>);
static_assert(std::is_convertible_v<std::string_view, UserRef>);
static_assert(!std::is_constructible_v<UserRef, std::nullptr_t>);
static_assert(!std::is_constructible_v<UserRef, int>);
static_assert(!std::is_default_constructible_v<UserRef>);
static_assert(std::is_trivially_copyable_v<UserRef>);

struct CustomerId {
  std::string text;
  operator std::string_view() const { return text; }
};
static_assert(std::is_convertible_v<CustomerId, UserRef>);

TEST(UserRef, TakesTheTextThatItWasMadeFrom) {
  const std::string text = "user_ext_123";
  EXPECT_EQ(UserRef(text).text().data(), text.data());
  EXPECT_EQ(UserRef("x").kind(), UserRef::Kind::any);
  EXPECT_EQ(UserRef(CustomerId{"c 1"}).text(), "c 1");
  EXPECT_EQ(UserRef::id("x").kind(), UserRef::Kind::id);
  EXPECT_EQ(UserRef::external_id("x").kind(), UserRef::Kind::external_id);
  EXPECT_EQ(UserRef::external_id(text).text(), text);
}

// --- Progress ---

TEST(Progress, IsAnyFunctionThatAnswersWhetherToGoOn) {
  const Progress until_half = [](std::uint64_t done, std::uint64_t total) { return done * 2 < total; };
  EXPECT_TRUE(until_half(1, 3));
  EXPECT_FALSE(until_half(2, 3));
  EXPECT_FALSE(Progress()) << "an empty one is none";
}

// --- TagList ---

TEST(TagList, IsMadeFromBracesMapsAndRangesOfPairs) {
  const std::map<std::string, std::string> map = {{"a", "1"}, {"b", "2"}};
  const std::vector<std::pair<const char*, std::string_view>> pairs = {{"a", "1"}, {"b", "2"}};
  for (const TagList& list : {TagList{{"a", "1"}, {"b", "2"}}, TagList(map), TagList(pairs)}) {
    ASSERT_EQ(list.size(), 2u);
    EXPECT_EQ(list[0], TagList::Entry("a", "1"));
    EXPECT_EQ(list[1], TagList::Entry("b", "2"));
  }
  EXPECT_TRUE(TagList().empty());
}

TEST(TagList, OwnsItsStringsAndKeepsWhatItIsGiven) {
  std::string key = "a key that is longer than any small string";
  TagList list;
  list.add(key, key).add("a", "1").add("a", "2");
  key.assign(key.size(), '?');
  EXPECT_EQ(list[0].first, "a key that is longer than any small string");
  EXPECT_EQ(list.size(), 3u);
}

// --- TagBatch ---

TEST(TagBatch, KeepsOperationsInTheOrderGiven) {
  TagBatch batch;
  batch.create("a", "1")
      .update("b", "2", {.expected_value = "old"})
      .set("c", "3")
      .erase("d", {.must_exist = true});
  const auto operations = batch.operations();
  ASSERT_EQ(operations.size(), 4u);
  EXPECT_EQ(operations[0], (Operation{OperationKind::create, false, "a", "1", {}}));
  EXPECT_EQ(operations[1], (Operation{OperationKind::update, false, "b", "2", "old"}));
  EXPECT_EQ(operations[2], (Operation{OperationKind::set, false, "c", "3", {}}));
  EXPECT_EQ(operations[3], (Operation{OperationKind::erase, true, "d", "", {}}));
  batch.clear();
  EXPECT_TRUE(batch.empty());
}

TEST(TagBatch, OwnsItsStrings) {
  std::string text = "a text that is longer than any small string";
  TagBatch batch;
  batch.set(text, text, {.expected_value = text});
  text.assign(text.size(), '?');
  const Operation& operation = batch.operations().front();
  EXPECT_EQ(operation.key, "a text that is longer than any small string");
  EXPECT_EQ(operation.value, operation.key);
  EXPECT_EQ(operation.expected_value, operation.key);
}

static_assert(std::is_same_v<decltype(std::declval<TagBatch&>().set("", "")), TagBatch&>);
static_assert(std::is_same_v<decltype(TagBatch().create("", "")), TagBatch>);
static_assert(std::is_same_v<decltype(TagBatch().update("", "")), TagBatch>);
static_assert(std::is_same_v<decltype(TagBatch().set("", "")), TagBatch>);
static_assert(std::is_same_v<decltype(TagBatch().erase("")), TagBatch>);

TEST(TagBatch, ChainedOnATemporaryDanglesNowhere) {
  const TagBatch& batch = TagBatch().create("a", "1").update("b", "2").set("c", "3").erase("d");
  ASSERT_EQ(batch.size(), 4u);
  EXPECT_EQ(batch.operations().back().key, "d");
}

TEST(TagBatch, IsAValue) {
  const TagBatch one = TagBatch().set("a", "1");
  TagBatch copy = one;
  EXPECT_EQ(copy, one);
  copy.erase("b");
  EXPECT_FALSE(copy == one);
  EXPECT_EQ(one.size(), 1u);
}

// --- Selector ---

TEST(Selector, IsBuiltByAHost) {
  const Selector selector = key("tier").in({"silver", "gold"}) && !key("churned").exists();
  EXPECT_EQ(selector.text(), "!churned,tier in (gold,silver)");
  EXPECT_EQ(Selector::parse("tier in (gold, silver), !churned"), selector);
  EXPECT_EQ(Selector::parse("tier=")->text(), "tier=\"\"");
  EXPECT_EQ(Selector::parse("tier>=5").error().position(), 5U);
}

// --- Write, Applied, pages ---

static_assert(std::is_nothrow_move_constructible_v<Applied> && std::is_copy_constructible_v<Applied>);
static_assert(std::is_nothrow_move_constructible_v<Write>);

// A host names what it sets and no more, and its own -Wextra has nothing to say.
TEST(DesignatedInitializers, MayNameAnyMemberAlone) {
  EXPECT_FALSE(ApplyOptions{.note = "x"}.expected_revision);
  EXPECT_EQ(ApplyOptions{.expected_revision = 1}.note, "");
  EXPECT_FALSE(EraseOptions{.must_exist = true}.expected_value);
  EXPECT_FALSE(EraseOptions{.expected_value = "x"}.must_exist);
  EXPECT_EQ(ValueOptions{.expected_value = "x"}.expected_value, "x");
  EXPECT_EQ(CreateUser{.external_id = "x"}.tags.size(), 0U);
  EXPECT_EQ(PatchUser{.user = "x"}.batch.size(), 0U);
  EXPECT_EQ(DeleteUser{.user = "x"}.options.note, "");
  EXPECT_FALSE(PageRequest{.limit = 1}.after);
  EXPECT_EQ(PageRequest{.after = Cursor("x")}.limit, 100U);
  EXPECT_FALSE(Options{.access = Access::read_only}.settings);
  EXPECT_EQ(Settings{.operations_per_batch = 1}.tags_per_user, 256U);
  EXPECT_EQ(Operation{.kind = OperationKind::erase}.key, "");
  EXPECT_EQ(Violation{.key = "x"}.current, std::nullopt);
}

// A host that includes no more than these headers copies and drops users: the functions behind that are
// there.
TEST(Applied, CanBeCopiedByAHost) {
  const Applied applied;
  const Applied copy = applied;   // NOLINT(performance-unnecessary-copy-initialization): the point
  EXPECT_FALSE(copy.user);
  EXPECT_NE(static_cast<void (*)(const model::Record*) noexcept>(&model::retain), nullptr);
  EXPECT_NE(static_cast<void (*)(const model::Record*) noexcept>(&model::release), nullptr);
}

TEST(Cursor, IsOpaqueText) {
  const Cursor cursor("abc");
  EXPECT_EQ(cursor.text(), "abc");
  EXPECT_EQ(cursor, Cursor("abc"));
  EXPECT_FALSE(cursor == Cursor("abd"));
}

TEST(VerifyReport, IsFineWithoutProblems) {
  VerifyReport report;
  EXPECT_TRUE(report.ok());
  report.problems.push_back({VerifyReport::Kind::digest, "", "memory differs"});
  EXPECT_FALSE(report.ok());
}

}   // namespace
}   // namespace usertags
