#include "output/json_out.hpp"

#include <gtest/gtest.h>

#include <string>

#include "parts.hpp"

namespace usertags::command {
namespace {

std::string json_string(std::string_view text) {
  std::string out;
  append_json_string(out, text);
  return out;
}

TEST(JsonOut, EscapesWhatJsonHasToEscape) {
  EXPECT_EQ(json_string("a\"b\\c\n\r\t\x01\x1f\x7f/äö😀"), "\"a\\\"b\\\\c\\n\\r\\t\\u0001\\u001f\x7f/äö😀\"");
  EXPECT_EQ(json_string(std::string_view("\0", 1)), R"("\u0000")");
}

TEST(JsonOut, ReplacesEachByteThatIsNoUtf8) {
  EXPECT_EQ(json_string("a\xFFz"), "\"a\uFFFDz\"");
  EXPECT_EQ(json_string("\xC3"), "\"\uFFFD\"");
  EXPECT_EQ(json_string("\xC3z"), "\"\uFFFDz\"");                               // the z is not lost
  EXPECT_EQ(json_string("\xED\xA0\x80"), "\"\uFFFD\uFFFD\uFFFD\"");             // a surrogate
  EXPECT_EQ(json_string("\xC0\xAF"), "\"\uFFFD\uFFFD\"");                       // overlong
  EXPECT_EQ(json_string("\xF4\x90\x80\x80"), "\"\uFFFD\uFFFD\uFFFD\uFFFD\"");   // above U+10FFFF
}

TEST(JsonOut, WritesEveryMemberOfAnError) {
  Error::Details details;
  details.what = "what";
  details.existing_id = "user_x";
  details.current_revision = 1;
  details.intended_revision = 2;
  details.floor = 3;
  details.holder_pid = 4;
  details.position = 5;
  details.system_error = 6;
  Violation whole;
  whole.reason = Violation::Reason::too_many_tags;
  Violation single{.reason = Violation::Reason::duplicate_key,
                   .subject = Violation::Subject::key,
                   .item = 8,
                   .index = 1,
                   .operation = OperationKind::erase,
                   .key = "k\xFF",
                   .current = "c",
                   .first_index = 0,
                   .first_operation = OperationKind::set};
  details.violations = {whole, single};
  std::string out;
  append_json_answer(out, Error(ErrorCode::batch_refused, details), 12);
  const auto error = boost::json::parse(out).at("error");
  EXPECT_EQ(test::text_at(error, "code"), "batch_refused");
  EXPECT_EQ(boost::json::serialize(error.at("violations")),
            R"([{"item":null,"operation":null,"index":null,"subject":"batch","key":null,)"
            R"("reason":"too_many_tags","current":null},)"
            R"({"item":8,"operation":"delete","index":1,"subject":"key","key":"k)"
            "\uFFFD"
            R"(",)"
            R"("reason":"duplicate_key","current":"c","first_index":0,"first_operation":"set"}])");
  EXPECT_EQ(test::number_at(error, "line"), 12);
  EXPECT_EQ(test::text_at(error, "existing_id"), "user_x");
  EXPECT_EQ(test::number_at(error, "current_revision"), 1);
  EXPECT_EQ(test::number_at(error, "intended_revision"), 2);
  EXPECT_EQ(test::number_at(error, "floor"), 3);
  EXPECT_EQ(test::number_at(error, "holder_pid"), 4);
  EXPECT_EQ(test::number_at(error, "position"), 5);
  EXPECT_EQ(test::number_at(error, "system_error"), 6);
}

TEST(JsonOut, LeavesOutWhatAnErrorDoesNotName) {
  std::string out;
  append_json_answer(out, Error(ErrorCode::user_not_found, "nobody"));
  EXPECT_EQ(out, R"({"error":{"code":"user_not_found","message":"nobody","violations":[]}})");
}

}   // namespace
}   // namespace usertags::command
