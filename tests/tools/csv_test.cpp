#include "input/csv.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <vector>

#include "parts.hpp"

namespace usertags::command {
namespace {

using Fields = std::vector<std::string>;

struct Read {
  std::uint64_t line;
  Fields fields;
  std::string problem = {};

  bool operator==(const Read&) const = default;
};

void PrintTo(const Read& read, std::ostream* out) {
  *out << "line " << read.line << ':';
  for (const std::string& field : read.fields) *out << " [" << field << ']';
  *out << ' ' << read.problem;
}

std::vector<Read> read_csv(std::string_view text, std::size_t max_record = kMaxCsvRecord) {
  test::TempDir folder;
  Input input(test::write_file(folder / "input.csv", text));
  CsvReader reader(input, max_record);
  std::vector<Read> all;
  for (CsvReader::Record record; reader.next(record);) {
    all.push_back({record.line, record.problem.empty() ? record.fields : Fields(), record.problem});
  }
  return all;
}

struct Case {
  const char* name;
  std::string_view text;
  std::vector<Read> records;
};

class Csv : public testing::TestWithParam<Case> {};

TEST_P(Csv, ReadsRecords) {
  EXPECT_EQ(read_csv(GetParam().text), GetParam().records);
}

const Case kCases[] = {
    {"Plain", "a,b\nc,d\n", {{1, {"a", "b"}}, {2, {"c", "d"}}}},
    {"LastLineWithoutEnd", "a,b\nc,d", {{1, {"a", "b"}}, {2, {"c", "d"}}}},
    {"CarriageReturns", "a,b\r\nc,d\r\n", {{1, {"a", "b"}}, {2, {"c", "d"}}}},
    {"CarriageReturnsTwice", "a,b\r\r\nc,d\r\r\n", {{1, {"a", "b"}}, {2, {"c", "d"}}}},
    {"LoneCarriageReturn",
     "a\rb,c\nd\n",
     {{1, {}, "a CR outside of quotes that is no end of a line: lines end in LF or CR LF"}, {2, {"d"}}}},
    {"ByteOrderMark",
     "\xEF\xBB\xBF"
     "a,b\n",
     {{1, {"a", "b"}}}},
    {"ByteOrderMarkAlone", "\xEF\xBB\xBF", {}},
    {"Nothing", "", {}},
    {"EmptyFields", ",\n,,x\n", {{1, {"", ""}}, {2, {"", "", "x"}}}},
    {"EmptyLinesAreSkipped", "\n\r\na\n\n\nb\n\n", {{3, {"a"}}, {6, {"b"}}}},
    {"Quoted", R"("a","b ""c"" d","")", {{1, {"a", R"(b "c" d)", ""}}}},
    {"QuotedComma", "\"a,b\",c\n", {{1, {"a,b", "c"}}}},
    {"QuotedLines", "\"a\nb\r\nc\",d\ne,f\n", {{1, {"a\nb\r\nc", "d"}}, {4, {"e", "f"}}}},
    {"BytesAreKept", "\xFF,\xC3\xA4\n", {{1, {"\xFF", "\xC3\xA4"}}}},
    {"QuoteWithinPlain",
     "a\"b,c\nd\n",
     {{1, {}, "a quote within a field that does not start with one"}, {2, {"d"}}}},
    {"TextAfterQuote", "\"a\"b,c\nd\n", {{1, {}, "text after a closing quote"}, {2, {"d"}}}},
    {"NoClosingQuote",
     "a\n\"b,c\nd\n",
     {{1, {"a"}},
      {2, {}, "the quote that is opened on line 2 is not closed"},
      {3, {}, "a part of the record of line 2: the quote that is opened on line 2 is not closed"}}},
};
INSTANTIATE_TEST_SUITE_P(Rfc4180, Csv, testing::ValuesIn(kCases),
                         [](const auto& test) { return test.param.name; });

TEST(Csv, GoesOnAtTheNextLineAfterARecordThatIsTooLong) {
  const auto records = read_csv("a\n\"" + std::string(100, 'x') + "\nb\nc\n", 50);
  ASSERT_EQ(records.size(), 4u);
  EXPECT_NE(records[1].problem.find("more than 50 bytes"), std::string::npos);
  EXPECT_EQ(records[2], (Read{3, {"b"}}));
  EXPECT_EQ(records[3], (Read{4, {"c"}}));
}

TEST(Csv, KeepsTheTextOfARecordAsItStands) {
  test::TempDir folder;
  Input input(test::write_file(folder / "input.csv", "\"a\nb\", c\r\nx\"y\nlast"));
  CsvReader reader(input);
  std::vector<std::string> texts;
  for (CsvReader::Record record; reader.next(record);) texts.push_back(record.text);
  EXPECT_EQ(texts, (std::vector<std::string>{"\"a\nb\", c", "x\"y", "last"}));
}

// Every way in which the pieces that are read can fall upon the records.
TEST(Csv, DoesNotDependOnTheSizeOfWhatIsRead) {
  const std::string filler(262'144 - 8, 'f');
  for (std::size_t shift = 0; shift < 12; ++shift) {
    const std::string first = filler + std::string(shift, 'f');
    const auto records = read_csv(first + ",\"q\"\"q\"\r\nnext,\"x\ry\"\r\n");
    ASSERT_EQ(records.size(), 2u) << shift;
    EXPECT_EQ(records[0], (Read{1, {first, "q\"q"}})) << shift;
    EXPECT_EQ(records[1], (Read{2, {"next", "x\ry"}})) << shift;
  }
}

}   // namespace
}   // namespace usertags::command
