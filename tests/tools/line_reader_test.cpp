#include "input/input.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "parts.hpp"

namespace usertags::command {
namespace {

std::vector<std::string> read_lines(std::string_view text, std::size_t max_line = kMaxLine) {
  test::TempDir folder;
  Input input(test::write_file(folder / "input", text));
  LineReader reader(input, max_line);
  std::vector<std::string> lines;
  while (reader.fill()) {
    while (const auto line = reader.next()) {
      EXPECT_EQ(line->number, lines.size() + 1);
      lines.push_back(line->too_long ? "(too long)" : std::string(line->text));
    }
  }
  return lines;
}

using Lines = std::vector<std::string>;

TEST(LineReader, GivesLinesWithoutTheirEnds) {
  EXPECT_EQ(read_lines("a\nb\r\n\nc\n"), (Lines{"a", "b", "", "c"}));
  EXPECT_EQ(read_lines(""), Lines{});
  EXPECT_EQ(read_lines("\n"), Lines{""});
}

TEST(LineReader, GivesALastLineThatLacksItsNewline) {
  EXPECT_EQ(read_lines("a\nb"), (Lines{"a", "b"}));
}

TEST(LineReader, DropsALineThatIsTooLongAndGoesOn) {
  EXPECT_EQ(read_lines("a\nlonger\nb\n", 5), (Lines{"a", "(too long)", "b"}));
  EXPECT_EQ(read_lines("longer", 5), Lines{"(too long)"});
  EXPECT_EQ(read_lines("fits5\n", 5), Lines{"fits5"});
}

TEST(LineReader, DropsALineThatIsLongerThanWhatIsReadAtOnce) {
  const std::string huge(1'000'000, 'x');
  EXPECT_EQ(read_lines("a\n" + huge + "\nb\n" + huge, 1000), (Lines{"a", "(too long)", "b", "(too long)"}));
  EXPECT_EQ(read_lines("a\n" + huge + "\nb\n"), (Lines{"a", huge, "b"}));
}

}   // namespace
}   // namespace usertags::command
