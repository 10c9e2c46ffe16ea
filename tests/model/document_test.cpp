// The limits in docs/semantics.md are those of the code.
#include <gtest/gtest.h>

#include <fstream>
#include <iterator>
#include <string>

#include "model/change.hpp"
#include "model/settings.hpp"
#include "model/tag_rules.hpp"

namespace usertags::model {
namespace {

// As documents write a number: 1,000,000.
std::string written(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t left = digits.size(); left > 3;) digits.insert(left -= 3, 1, ',');
  return digits;
}

TEST(LimitsInTheDocument, AreThoseOfTheCode) {
  std::ifstream file(USERTAGS_DOCS "/semantics.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  ASSERT_FALSE(document.empty());
  const auto expect_said = [&](const std::string& text) {
    EXPECT_NE(document.find(text), std::string::npos) << "docs/semantics.md does not say: " << text;
  };
  const std::string keys = written(kMaxKeyCodePoints);
  const std::string values = written(kMaxValueCodePoints);
  expect_said("a key of 1 to " + keys + " characters and a value of 0 to " + values);
  expect_said("more than " + keys + " characters | key");
  expect_said("more than " + values + " characters | value");
  expect_said("1 to " + written(kMaxExternalIdCodePoints) + " characters, no NUL, not of the form of an id");
  expect_said("0 to " + written(kMaxNoteCodePoints) + " characters, no NUL; kept with the change");
  expect_said("A key of more than " + written(Violation::kMaxKeyBytes) + " bytes");
  expect_said("`token`: 1 to " + written(kMaxTokenBytes) + " bytes");
  for (const auto& [name, least, most] : kSettingFields) expect_said("| `" + std::string(name) + "` | ");
  const Settings defaults;
  expect_said("| `tags_per_user` | " + written(defaults.tags_per_user) + " | 1 to " +
              written(Record::kMaxTags) + " |");
  expect_said("| `operations_per_batch` | " + written(defaults.operations_per_batch) + " | " +
              written(static_cast<std::uint64_t>(kSettingFields[1].least)) + " to " +
              written(static_cast<std::uint64_t>(kSettingFields[1].most)) + " |");
}

}   // namespace
}   // namespace usertags::model
