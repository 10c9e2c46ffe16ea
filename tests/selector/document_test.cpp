// What docs/selectors.md shows is so.
#include <gtest/gtest.h>

#include <fstream>
#include <string>
#include <usertags/selector.hpp>
#include <vector>

namespace usertags {
namespace {

// The lines of the blocks that begin with ``` and the word.
std::vector<std::string> lines_of_blocks(const std::string& path, const std::string& word) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("```")) {
      inside = line == "```" + word;
    } else if (inside) {
      lines.push_back(line);
    }
  }
  return lines;
}

// Of the grammar, without the indentation or the comment that may stand before it.
std::vector<std::string> productions(const std::string& path, const std::string& margin) {
  std::ifstream file(path);
  std::vector<std::string> lines;
  bool inside = false;
  for (std::string line; std::getline(file, line);) {
    inside = line.starts_with(margin + "selector = ") || (inside && line.size() > margin.size());
    if (inside && line.starts_with(margin)) lines.push_back(line.substr(margin.size()));
    if (line.find("ws = { space") != std::string::npos) break;
  }
  return lines;
}

TEST(SelectorDocument, ShowsSelectors) {
  const auto lines = lines_of_blocks(USERTAGS_DOCS "/selectors.md", "selector");
  EXPECT_GE(lines.size(), 8U);
  for (const std::string& line : lines) {
    const auto selector = Selector::parse(line);
    EXPECT_TRUE(selector) << line << ": " << selector.error().message();
  }
}

TEST(SelectorDocument, ShowsAnErrorAsItIs) {
  std::ifstream file(USERTAGS_DOCS "/selectors.md");
  const std::string text(std::istreambuf_iterator<char>(file), {});
  EXPECT_NE(
      text.find("\nusertags: invalid_selector: " + Selector::parse("tier=go*").error().message() + "\n"),
      std::string::npos);
}

TEST(SelectorDocument, HasTheGrammarOfTheParser) {
  const auto documented = productions(USERTAGS_DOCS "/selectors.md", "");
  EXPECT_EQ(documented.size(), 16U);
  EXPECT_EQ(documented, productions(USERTAGS_DOCS "/../lib/selector/parser.hpp", "//   "));
}

}   // namespace
}   // namespace usertags
