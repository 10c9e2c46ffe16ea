// What a batch does: the rules of docs/semantics.md as examples, each with its answer written out by hand.
// The checked store judges each of them by the reference model too, so the examples prove the model as well.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/describe.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using std::string;
using namespace std::string_literals;

string repeated(const string& text, std::size_t count) {
  string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

const string kClef = "\xF0\x9D\x84\x9E";   // one character in four bytes, two units of UTF-16

// Without numbers, in which the store is compared with the reference model.
std::vector<string> described(const Error& error) {
  std::vector<string> lines;
  for (Violation violation : error.violations()) {
    violation.limit = violation.found = violation.position = std::nullopt;
    violation.character.reset();
    lines.push_back(describe(violation));
  }
  return lines;
}

struct Example {
  string name;
  TagBatch batch;
  std::vector<string> violations;   // none: applied
  string tags_after;                // of a batch that is applied
};
void PrintTo(const Example& example, std::ostream* out) {
  *out << example.name;
}

// The user before: {"team": "red", "tier": "gold"}; limits: 5 tags, 6 operations.
class Batch : public testing::TestWithParam<Example> {
 protected:
  static Options options() {
    Options options;
    settings_of(options) = {.tags_per_user = 5, .operations_per_batch = 6};
    return options;
  }
  static string tags_of(const User& user) {
    string text;
    for (const auto [key, value] : user.tags()) text += string(key) + "=" + string(value) + " ";
    return text;
  }
};

TEST_P(Batch, AnswersAsTheRulesSay) {
  CheckedStore store(options());
  must(store.create_user("ann", {{"tier", "gold"}, {"team", "red"}}));
  const auto planned = store.plan("ann", GetParam().batch);
  const auto applied = store.apply("ann", GetParam().batch);
  ASSERT_EQ(applied.has_value(), GetParam().violations.empty()) << told(applied);
  if (applied) {
    EXPECT_EQ(tags_of(*applied->user), GetParam().tags_after);
    EXPECT_TRUE(planned && planned->user == applied->user);
  } else {
    EXPECT_EQ(applied.error().code(), ErrorCode::batch_refused);
    EXPECT_EQ(described(applied.error()), GetParam().violations);
    EXPECT_EQ(described(planned.error()), GetParam().violations);
  }
  store.check_all();
}

TagBatch batch() {
  return {};
}

const Example kApplied[] = {
    {"Empty", batch(), {}, "team=red tier=gold "},
    {"CreatesUpdatesSetsErases",
     batch().create("seats", "12").update("tier", "silver").set("a", "1").erase("team"),
     {},
     "a=1 seats=12 tier=silver "},
    {"KeysAreOrderedBytewise",
     batch().set("Z", "").set("a", "").set("\xC3\xA9", ""),
     {},
     "Z= a= team=red tier=gold \xC3\xA9= "},
    {"ErasingAnAbsentKeyIsFine", batch().erase("absent"), {}, "team=red tier=gold "},
    {"EqualValueChangesNothing",
     batch().set("tier", "gold").update("team", "red"),
     {},
     "team=red tier=gold "},
    {"FiftyAndTwoHundredCharactersNotBytes",
     batch().set(repeated(kClef, 50), repeated(kClef, 200)),
     {},
     "team=red tier=gold " + repeated(kClef, 50) + "=" + repeated(kClef, 200) + " "},
    {"CaseAndNormalizationAreKept",
     batch().set("Tier", "GOLD").set("e\xCC\x81", "\xC3\xA9"),
     {},
     "Tier=GOLD e\xCC\x81=\xC3\xA9 team=red tier=gold "},
    {"ExpectedValuesHold",
     batch().update("tier", "x", {"gold"}).erase("team", {.must_exist = true, .expected_value = "red"}),
     {},
     "tier=x "},
    {"RoomIsJudgedAfterErasing",
     batch().erase("tier").erase("team").set("a", "").set("b", "").set("c", "").set("d", ""),
     {},
     "a= b= c= d= "},
    {"EraseJudgesFormOnly", batch().erase("a:b").erase(repeated("k", 51)), {}, "team=red tier=gold "},
};

const Example kRefused[] = {
    {"CreatingWhatExists",
     batch().create("tier", "x"),
     {"key_exists of key index=0 operation=create key=\"tier\" current=\"gold\""},
     ""},
    {"UpdatingWhatIsAbsent",
     batch().set("a", "1").update("b", "2"),
     {"key_missing of key index=1 operation=update key=\"b\""},
     ""},
    {"ErasingWhatMustExist",
     batch().erase("b", {.must_exist = true}),
     {"key_missing of key index=0 operation=delete key=\"b\""},
     ""},
    {"AnotherValueThanExpected",
     batch().set("tier", "x", {"silver"}).erase("team", {.expected_value = "blue"}),
     {"value_mismatch of value index=0 operation=set key=\"tier\" current=\"gold\"",
      "value_mismatch of value index=1 operation=delete key=\"team\" current=\"red\""},
     ""},
    {"AnAbsentKeyNeverMatches",
     batch().set("a", "x", {""}),
     {"value_mismatch of value index=0 operation=set key=\"a\""},
     ""},
    {"AKeyTwice",
     batch().set("a", "1").create("b", "2").erase("a").update("a", "3"),
     {"duplicate_key of key index=2 operation=delete key=\"a\" first_index=0 first_operation=set",
      "duplicate_key of key index=3 operation=update key=\"a\" first_index=0 first_operation=set"},
     ""},
    {"ABatchIsNoScript",
     batch().create("a", "1").update("a", "2"),
     {"duplicate_key of key index=1 operation=update key=\"a\" first_index=0 first_operation=create"},
     ""},
    {"EveryRuleOfATextAtOnce",
     batch().set(repeated("/", 51) + "\0"s, repeated(":", 201)),
     {"key_too_long of key index=0 operation=set key=\"/{51}\\x00\"",
      "forbidden_character of key index=0 operation=set key=\"/{51}\\x00\"",
      "contains_nul of key index=0 operation=set key=\"/{51}\\x00\"",
      "value_too_long of value index=0 operation=set key=\"/{51}\\x00\"",
      "forbidden_character of value index=0 operation=set key=\"/{51}\\x00\""},
     ""},
    {"EmptyKeys", batch().set("", "x").erase("c"), {"empty_key of key index=0 operation=set key=\"\""}, ""},
    {"FiftyOneCharacters",
     batch().set(repeated("k", 51), "x").set("v", repeated("v", 201)),
     {"key_too_long of key index=0 operation=set key=\"k{51}\"",
      "value_too_long of value index=1 operation=set key=\"v\""},
     ""},
    {"ForbiddenCharacters",
     batch().set("a#", "").set("b", "/").set("c", ":"),
     {"forbidden_character of key index=0 operation=set key=\"a#\"",
      "forbidden_character of value index=1 operation=set key=\"b\"",
      "forbidden_character of value index=2 operation=set key=\"c\""},
     ""},
    {"MalformedTextIsNotRepaired",
     batch().set("\xC0\x80", "").set("b", "\xED\xA0\x80").erase("\xFF").set("d", "\xF4\x90\x80\x80"),
     {"malformed_utf8 of key index=0 operation=set key=\"\\xc0\\x80\"",
      "malformed_utf8 of value index=1 operation=set key=\"b\"",
      "malformed_utf8 of key index=2 operation=delete key=\"\\xff\"",
      "malformed_utf8 of value index=3 operation=set key=\"d\""},
     ""},
    {"FormAndPreconditionsTogether",
     batch().create("tier", "a/b").update("none", "x").set("", ""),
     {"forbidden_character of value index=0 operation=create key=\"tier\"",
      "key_exists of key index=0 operation=create key=\"tier\" current=\"gold\"",
      "key_missing of key index=1 operation=update key=\"none\"",
      "empty_key of key index=2 operation=set key=\"\""},
     ""},
    {"TooManyTags",
     batch().set("a", "").set("b", "").set("c", "").set("d", ""),
     {"too_many_tags of batch key=\"\""},
     ""},
    {"TooManyOperationsBelongsToTheWhole",
     batch().set("a", "").set("b", "").set("c", "").erase("d").erase("e").erase("f").erase(""),
     {"too_many_operations of batch key=\"\""},
     ""},
    {"BothLimits",
     batch().set("a", "").set("b", "").set("c", "").set("d", "").set("e", "").set("f", "").set("g", ""),
     {"too_many_operations of batch key=\"\"", "too_many_tags of batch key=\"\""},
     ""},
    {"RefusedOperationsTakeNoRoom",
     batch().set("a", "").set("b", "").set("c", "").set("d", "#"),
     {"forbidden_character of value index=3 operation=set key=\"d\""},
     ""},
};

string name_of(const testing::TestParamInfo<Example>& info) {
  return info.param.name;
}
INSTANTIATE_TEST_SUITE_P(Applied, Batch, testing::ValuesIn(kApplied), name_of);
INSTANTIATE_TEST_SUITE_P(Refused, Batch, testing::ValuesIn(kRefused), name_of);

TEST(BatchOrder, FormIsJudgedBeforeTheUser) {
  CheckedStore store(Options{});
  const auto refused = store.apply("nobody", TagBatch().update("", "x").update("a", "y"));
  EXPECT_EQ(described(refused.error()), std::vector{"empty_key of key index=0 operation=update key=\"\""s});
  EXPECT_EQ(code_of(store.apply("nobody", TagBatch().update("a", "y"))), ErrorCode::user_not_found);
}

TEST(BatchOrder, TheRevisionIsJudgedBeforePreconditions) {
  CheckedStore store(Options{});
  const auto created = must(store.create_user("ann", {{"tier", "gold"}}));
  const TagBatch breaks_a_precondition = TagBatch().create("tier", "x");
  const auto mismatch = store.apply("ann", breaks_a_precondition, {.expected_revision = 7});
  EXPECT_EQ(code_of(mismatch), ErrorCode::revision_mismatch);
  EXPECT_EQ(mismatch.error().current_revision(), created.revision);
  EXPECT_EQ(code_of(store.apply("ann", breaks_a_precondition, {.expected_revision = 1})),
            ErrorCode::batch_refused);
  EXPECT_TRUE(store.apply("ann", TagBatch().set("tier", "x"), {.expected_revision = 1}));
  EXPECT_EQ(code_of(store.delete_user("ann", {.expected_revision = 1})), ErrorCode::revision_mismatch);
}

TEST(BatchOrder, TheNoteIsJudgedFirst) {
  CheckedStore store(Options{});
  const ApplyOptions noted{.note = repeated("n", 201)};
  EXPECT_EQ(code_of(store.apply("nobody", TagBatch().set("", ""), noted)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(store.create_user("ann", {}, noted)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(store.delete_user("nobody", noted)), ErrorCode::invalid_argument);
  EXPECT_TRUE(store.create_user("ann", {}, {.note = repeated(kClef, 200)}));
}

TEST(BatchLimits, AUserOverALoweredLimitMayShrinkAndNotGrow) {
  const TempDir folder;
  CheckedStore store(folder / "users.db", {});
  must(store.create_user("ann", {{"a", ""}, {"b", ""}, {"c", ""}, {"d", ""}}));
  store.change_settings({.tags_per_user = 2});
  EXPECT_TRUE(store.apply("ann", TagBatch().erase("a")));
  EXPECT_TRUE(store.apply("ann", TagBatch().set("b", "x")));
  EXPECT_TRUE(store.apply("ann", TagBatch().erase("b").set("e", "")));
  EXPECT_EQ(code_of(store.apply("ann", TagBatch().set("f", ""))), ErrorCode::batch_refused);
  EXPECT_EQ(code_of(store.create_user("bob", {{"a", ""}, {"b", ""}, {"c", ""}})), ErrorCode::batch_refused);
}

}   // namespace
}   // namespace usertags::test
