// The list of violations in the message of a refused batch.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include <usertags/error.hpp>

namespace usertags::model {
namespace {

using namespace std::string_literals;
using Reason = Violation::Reason;
using Subject = Violation::Subject;

Violation violation(Reason reason, Subject subject, OperationKind kind, std::string key) {
  Violation violation;
  violation.reason = reason;
  violation.subject = subject;
  violation.index = 0;
  violation.operation = kind;
  violation.key = std::move(key);
  return violation;
}

Violation of_key(std::string key) {
  return violation(Reason::forbidden_character, Subject::key, OperationKind::set, std::move(key));
}

std::string list(const std::vector<Violation>& violations) {
  constexpr std::string_view kBefore = "nothing was applied: ";
  const std::string text = Error(ErrorCode::batch_refused, {.violations = violations}).what();
  EXPECT_TRUE(text.starts_with(kBefore)) << text;
  return text.substr(kBefore.size());
}

TEST(ViolationList, NamesOperationKeyAndReason) {
  Violation exists = violation(Reason::key_exists, Subject::key, OperationKind::create, "department");
  exists.current = "sales";
  EXPECT_EQ(list({exists, of_key("a#b")}),
            R"(2 violations: create department: key_exists (now "sales"); set a#b: forbidden_character)");
}

TEST(ViolationList, SaysWhatIsNotClearFromTheReasonAlone) {
  EXPECT_EQ(list({violation(Reason::contains_nul, Subject::value, OperationKind::set, "tier")}),
            "1 violation: set tier: contains_nul in the value");
  EXPECT_EQ(list({violation(Reason::value_too_long, Subject::value, OperationKind::set, "tier")}),
            "1 violation: set tier: value_too_long");
  EXPECT_EQ(list({violation(Reason::key_missing, Subject::key, OperationKind::erase, "tier")}),
            "1 violation: delete tier: key_missing");
  Violation duplicate = violation(Reason::duplicate_key, Subject::key, OperationKind::erase, "tier");
  duplicate.first_index = 3;
  duplicate.first_operation = OperationKind::set;
  duplicate.item = 12;
  EXPECT_EQ(list({duplicate}), "1 violation: item 12: delete tier: duplicate_key (as operation 3)");
  Violation whole;
  whole.reason = Reason::too_many_tags;
  EXPECT_EQ(list({whole}), "1 violation: too_many_tags");
}

TEST(ViolationList, NamesBoundSizePlaceAndCharacter) {
  Violation too_long = violation(Reason::key_too_long, Subject::key, OperationKind::set, "k");
  too_long.limit = 50;
  too_long.found = 61;
  EXPECT_EQ(in_words(too_long), "set k: key_too_long: 61 of 50 characters");
  Violation forbidden = violation(Reason::forbidden_character, Subject::value, OperationKind::set, "k");
  forbidden.position = 7;
  forbidden.character = ':';
  EXPECT_EQ(in_words(forbidden), "set k: forbidden_character in the value: \":\" at byte 7");
  Violation malformed = violation(Reason::malformed_utf8, Subject::key, OperationKind::set, "\xC3");
  malformed.position = 0;
  EXPECT_EQ(in_words(malformed), "set \"\\xc3\": malformed_utf8: at byte 0");
  Violation tags;
  tags.reason = Reason::too_many_tags;
  tags.limit = 256;
  tags.found = 300;
  EXPECT_EQ(in_words(tags), "too_many_tags: 300 of 256");
}

TEST(ViolationList, QuotesKeysThatWouldRunIntoTheText) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"größe", "größe"},
      {"", R"("")"},
      {"two words", R"("two words")"},
      {"12:30", R"("12:30")"},
      {"say \"hi\" \\", R"("say \"hi\" \\")"},
      {"line\nfeed\x7f"s, R"("line\x0afeed\x7f")"},
      {"nul\0"s, R"("nul\x00")"},
      {"\xC3", R"("\xc3")"},
      {"é\xFF", R"("é\xff")"},
      {"\u009b1m\u202e"s, R"("\xc2\x9b1m\xe2\x80\xae")"},
  };
  for (const auto& [key, shown] : cases) {
    EXPECT_EQ(list({of_key(key)}), "1 violation: set " + shown + ": forbidden_character");
  }
}

TEST(ViolationList, CutsLongTextsBetweenCharacters) {
  const std::string long_key(1'000'000, 'k');
  EXPECT_EQ(list({of_key(long_key)}), "1 violation: set " + std::string(80, 'k') + "…: forbidden_character");
  std::string accents = "k";
  for (int i = 0; i < 50; ++i) accents += "é";
  EXPECT_EQ(list({of_key(accents)}), "1 violation: set " + accents.substr(0, 79) + "…: forbidden_character");
  EXPECT_LT(list({of_key(std::string(1'000, '\x80'))}).size(), 500u);
}

TEST(ViolationList, ListsTheFirstOnes) {
  const std::vector<Violation> many(1'000, of_key("#"));
  const std::string text = list(many);
  EXPECT_TRUE(text.starts_with("1000 violations: set #: forbidden_character; set #"));
  EXPECT_TRUE(text.ends_with("; and 984 more"));
  const std::string sixteen = list(std::vector<Violation>(16, of_key("#")));
  EXPECT_TRUE(sixteen.ends_with("set #: forbidden_character"));
}

}   // namespace
}   // namespace usertags::model
