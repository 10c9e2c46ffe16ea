// The limits that documents and public headers name are those of the code.
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

// Expects texts in a file, of which the path is that behind docs/.
class Document {
 public:
  explicit Document(const std::string& path) : path_(path) {
    std::ifstream file(USERTAGS_DOCS "/" + path);
    text_.assign(std::istreambuf_iterator<char>(file), {});
    EXPECT_FALSE(text_.empty()) << path;
  }

  void operator()(const std::string& text) const {
    EXPECT_NE(text_.find(text), std::string::npos) << "docs/" << path_ << " does not say: " << text;
  }

 private:
  std::string path_;
  std::string text_;
};

const std::string kKeys = written(kMaxKeyCodePoints);
const std::string kValues = written(kMaxValueCodePoints);

TEST(LimitsInTheDocument, AreThoseOfTheCode) {
  const Document expect_said("semantics.md");
  expect_said("a key of 1 to " + kKeys + " characters and a value of 0 to " + kValues);
  expect_said("more than " + kKeys + " characters | key");
  expect_said("more than " + kValues + " characters | value");
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

TEST(LimitsElsewhere, AreThoseOfTheCode) {
  const Document guide("guide.md");
  guide("| key | 1 to " + kKeys + " characters, ");
  guide("| value | 0 to " + kValues + " characters, ");
  guide("| external id | 1 to " + written(kMaxExternalIdCodePoints) + " characters, ");
  guide("| note | " + written(kMaxNoteCodePoints) + " characters ");
  guide("| token | 1 to " + written(kMaxTokenBytes) + " bytes ");
  Document("file-format.md")("(1 to " + kKeys + " characters, 0 to " + kValues + ", ");
  const Document tag("../include/usertags/tag.hpp");
  tag("A key has 1 to " + kKeys + " characters, a value 0 to " + kValues + ".");
  tag("key;     // 1 to " + kKeys + " characters\n");
  tag("value;   // 0 to " + kValues + "\n");
  const Document in_c("../include/usertags/usertags.h");
  in_c("key;     // 1 to " + kKeys + " characters\n");
  in_c("value;   // 0 to " + kValues);
}

}   // namespace
}   // namespace usertags::model
