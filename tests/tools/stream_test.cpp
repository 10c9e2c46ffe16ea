#include <gtest/gtest.h>

#include <csignal>
#include <string>

#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

class Stream : public testing::Test {
 protected:
  boost::json::value next(RunningCommand& command) { return boost::json::parse(command.read_line()); }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
};

std::string creation(const std::string& name) {
  return R"({"create":{"external_id":")" + name + "\"}}\n";
}

TEST_F(Stream, AnswersBeforeMoreIsWritten) {
  RunningCommand command({"stream", store_, "--init"});
  for (int i = 1; i <= 3; ++i) {
    command.write(creation("u" + std::to_string(i)));
    EXPECT_EQ(number_at(next(command), "revision"), i);
  }
  EXPECT_EQ(command.finish().exit_code, 0);
}

TEST_F(Stream, AnswersWholeLinesWhileAnotherIsIncomplete) {
  RunningCommand command({"stream", store_, "--init"});
  command.write(creation("a") + creation("b") + R"({"create":{"ext)");
  EXPECT_EQ(text_at(next(command), "data.external_id"), "a");
  EXPECT_EQ(text_at(next(command), "data.external_id"), "b");
  command.write("ernal_id\":\"c\"}}\n");
  EXPECT_EQ(text_at(next(command), "data.external_id"), "c");
}

// What was answered is in the file, though nobody closed the store.
TEST_F(Stream, AnswersOnlyWhatIsDurable) {
  RunningCommand command({"stream", store_, "--init"});
  command.write(creation("a"));
  next(command);
  command.signal(SIGKILL);
  EXPECT_EQ(command.finish().exit_code, 128 + SIGKILL);
  EXPECT_EQ(run({"find", store_, "a"}).exit_code, 0);
}

TEST_F(Stream, AnswersEachLineInItsPlace) {
  const Finished finished =
      run({"stream", store_, "--init"},
          R"({"create":{"external_id":"a","tags":[{"key":"k","value":"1"}]},"note":"n"})"
          "\n"
          R"({"user":"a","tags":{"create":[{"key":"k","value":"2"}]}})"
          "\n"
          "not json\n"
          "\n"
          R"({"user":"a","tags":{"set":[{"key":"k","value":"2"}]},"if_revision":1})"
          "\r\n"
          R"({"user":"a","tags":{},"if_revision":1})"
          "\n"
          R"({"delete":"a","tokn":"x"})"
          "\n"
          R"({"delete":"a","if_revision":2})");
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.err, "");
  const auto answers = objects_of(finished.out);
  ASSERT_EQ(answers.size(), 7u) << "a blank line has no answer";
  EXPECT_EQ(text_at(answers[0], "data.tags.0.value"), "1");
  EXPECT_EQ(text_at(answers[1], "error.code"), "batch_refused");
  EXPECT_EQ(serialize(at(answers[1], "error.violations.0.item")), "null");
  EXPECT_EQ(text_at(answers[1], "error.message").find("item"), std::string::npos);
  EXPECT_EQ(text_at(answers[2], "error.code"), "invalid_argument");
  EXPECT_EQ(number_at(answers[2], "error.line"), 3);
  EXPECT_EQ(text_at(answers[3], "data.tags.0.value"), "2");
  EXPECT_EQ(text_at(answers[4], "error.code"), "revision_mismatch");
  EXPECT_NE(text_at(answers[5], "error.message").find("tokn"), std::string::npos);
  EXPECT_EQ(serialize(answers[6]), R"({"data":null,"revision":3,"changed":true,"replayed":false})");
}

TEST_F(Stream, ALineWithATokenTakesEffectOnce) {
  const std::string line = R"({"create":{"external_id":"a"},"token":"t"})"
                           "\n";
  const auto answers = objects_of(run({"stream", store_, "--init"}, line + line).out);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(at(answers[0], "replayed"), false);
  EXPECT_EQ(at(answers[1], "replayed"), true);
  EXPECT_EQ(at(objects_of(run({"stream", store_}, line).out).at(0), "replayed"), true);
}

TEST_F(Stream, TakesMoreLinesThanFitIntoOneGroup) {
  std::string lines;
  for (int i = 0; i < 10'000; ++i) lines += creation("u" + std::to_string(i));
  const Finished finished = run({"stream", store_, "--init"}, lines);
  EXPECT_EQ(finished.exit_code, 0);
  const auto answers = objects_of(finished.out);
  ASSERT_EQ(answers.size(), 10'000u);
  for (std::size_t i = 0; i < answers.size(); ++i) {
    ASSERT_EQ(text_at(answers[i], "data.external_id"), "u" + std::to_string(i));
  }
}

TEST_F(Stream, GoesOnAfterALineThatIsTooLong) {
  const std::string huge(std::size_t{17} << 20, 'x');
  const Finished finished = run({"stream", store_, "--init"}, creation("a") + huge + "\n" + creation("b"));
  EXPECT_EQ(finished.exit_code, 1);
  const auto answers = objects_of(finished.out);
  ASSERT_EQ(answers.size(), 3u);
  EXPECT_EQ(text_at(answers[1], "error.code"), "invalid_argument");
  EXPECT_NE(text_at(answers[1], "error.message").find("longer than"), std::string::npos);
  EXPECT_EQ(text_at(answers[2], "data.external_id"), "b");
}

TEST_F(Stream, AnswersMalformedUtf8InValidJson) {
  const Finished finished = run({"stream", store_, "--init"},
                                "{\"create\":{\"external_id\":\"\xFF\"}}\n{\"create\":{\"external_id\":\"a\","
                                "\"tags\":{\"k\xC3\":\"v\"}}}\n");
  const auto answers = objects_of(finished.out);
  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(text_at(answers[0], "error.code"), "invalid_argument");
  EXPECT_EQ(text_at(answers[1], "error.violations.0.key"), "k\uFFFD");
}

TEST_F(Stream, EndsCleanlyWhenInterrupted) {
  RunningCommand command({"stream", store_, "--init"});
  command.write(creation("a"));
  next(command);
  command.write(R"({"create":{"external_id":"cut short"}})");   // no newline: not a line yet
  command.signal(SIGINT);
  const Finished finished = command.finish();
  EXPECT_EQ(finished.exit_code, 130);
  EXPECT_EQ(finished.out, "");
  EXPECT_EQ(finished.err, "");
  EXPECT_EQ(objects_of(run({"list", store_, "--json"}).out).size(), 1u);
  EXPECT_EQ(run({"verify", store_}).exit_code, 0);
}

TEST_F(Stream, EndsQuietlyWhenNobodyReadsTheAnswers) {
  RunningCommand command({"stream", store_, "--init"});
  command.write(creation("a"));
  next(command);
  command.close_output();
  command.write(creation("b"));
  const Finished finished = command.finish();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.err, "");
}

}   // namespace
}   // namespace usertags::test
