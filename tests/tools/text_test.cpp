#include "output/text.hpp"

#include <gtest/gtest.h>

#include "exit_code.hpp"
#include "output/table.hpp"
#include "terminal/progress.hpp"

namespace usertags::command {
namespace {

TEST(Text, EscapesWhatATerminalWouldObey) {
  EXPECT_EQ(printable("plain äöü 😀"), "plain äöü 😀");
  EXPECT_EQ(printable("\x1b[31m\n\t\r\x07\x7f"), R"(\x1b[31m\n\t\r\x07\x7f)");
  EXPECT_EQ(printable("\u0085\u009b"), R"(\u0085\u009b)");
  EXPECT_EQ(printable("a\u202Eb\u2066c\u200Bd\u2028e\uFEFF"), R"(a\u202eb\u2066c\u200bd\u2028e\ufeff)");
  EXPECT_EQ(printable("a\xFFz\xC3"), R"(a\xffz\xc3)");
  EXPECT_EQ(printable(R"(\n)"), R"(\\n)");
  EXPECT_EQ(printable_message(R"("a\x01")"
                              "\x01"),
            R"("a\x01"\x01)");
}

TEST(Text, QuotesWordsThatCouldBeMisread) {
  EXPECT_EQ(printable_word("gold"), "gold");
  EXPECT_EQ(printable_word(""), R"("")");
  EXPECT_EQ(printable_word("a b"), R"("a b")");
  EXPECT_EQ(printable_word("<=50K"), R"("<=50K")");
  EXPECT_EQ(printable_word(R"(say "hi")"), R"("say \"hi\"")");
}

TEST(Text, CutsBetweenCodePoints) {
  EXPECT_EQ(clipped("äöü", 3), "äöü");
  EXPECT_EQ(clipped("äöüß", 3), "äö…");
  EXPECT_EQ(clipped("ab", 1), "…");
}

TEST(Text, WritesNumbersForPeople) {
  EXPECT_EQ(grouped(0), "0");
  EXPECT_EQ(grouped(999), "999");
  EXPECT_EQ(grouped(1000), "1,000");
  EXPECT_EQ(grouped(1234567), "1,234,567");
  EXPECT_EQ(byte_size(0), "0 B");
  EXPECT_EQ(byte_size(1023), "1023 B");
  EXPECT_EQ(byte_size(1024), "1.0 KiB");
  EXPECT_EQ(byte_size((1 << 20) - 1), "1.0 MiB");
  EXPECT_EQ(byte_size(12'902'400), "12.3 MiB");
  EXPECT_EQ(byte_size(UINT64_MAX), "16.0 EiB");
  EXPECT_EQ(counted(1, "user"), "1 user");
  EXPECT_EQ(counted(2000, "user"), "2,000 users");
}

TEST(Table, AlignsByCodePointsAndStaysWide) {
  Table table({Table::Align::left, Table::Align::right, Table::Align::left});
  table.row({"ä", "1", "x"});
  table.row({"abc", "22", "yyyy"});
  std::string out;
  table.write(out);
  EXPECT_EQ(out, "ä     1  x\nabc  22  yyyy\n");
  out.clear();
  table.row({"d", "3", "z"});
  table.write(out, 9);
  EXPECT_EQ(out, "d     3 …\n");
}

TEST(Bars, AreInProportion) {
  std::string out;
  append_bars(out, {{"1", 40}, {"2", 10}, {"3", 0}, {"4", 1}}, 4);
  EXPECT_EQ(out, "1  40  ████\n2  10  █\n3   0\n4   1  ▏\n");
}

TEST(Progress, TellsAmountRateAndTimeLeft) {
  EXPECT_EQ(progress_line(120'000, "users", 2, 0.25), "120,000 users, 60,000 a second, 25 %, 6 s left");
  EXPECT_EQ(progress_line(10, "users", 100, 0.1), "10 users, 0 a second, 10 %, 15 min 00 s left");
  EXPECT_EQ(progress_line(10, "users", 1, {}), "10 users, 10 a second");
}

TEST(ExitCode, TellsRefusalUsageFailureAndUnknownApart) {
  EXPECT_EQ(exit_code(ErrorCode::batch_refused), 1);
  EXPECT_EQ(exit_code(ErrorCode::user_not_found), 1);
  EXPECT_EQ(exit_code(ErrorCode::user_exists), 1);
  EXPECT_EQ(exit_code(ErrorCode::revision_mismatch), 1);
  EXPECT_EQ(exit_code(ErrorCode::invalid_argument), 2);
  EXPECT_EQ(exit_code(ErrorCode::invalid_cursor), 2);
  EXPECT_EQ(exit_code(ErrorCode::store_locked), 3);
  EXPECT_EQ(exit_code(ErrorCode::corrupt_store), 3);
  EXPECT_EQ(exit_code(ErrorCode::disk_full), 3);
  EXPECT_EQ(exit_code(ErrorCode::outcome_unknown), 4);
  EXPECT_EQ(exit_code_of_line(ErrorCode::invalid_argument), 1);
  EXPECT_EQ(exit_code_of_line(ErrorCode::outcome_unknown), 4);
}

}   // namespace
}   // namespace usertags::command
