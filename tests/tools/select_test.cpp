// select and count.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "pages.hpp"
#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

class Select : public testing::Test {
 protected:
  void SetUp() override {
    const std::string people =
        "external_id,tier,team,seats,churned\n"
        "u1,gold,human resources,5,\nu2,silver,red,12,\nu3,gold,red,,yes\nu4,,,many,\nu5,golden,red,-3,\n";
    ASSERT_EQ(run({"load", store_, write_file(folder_ / "people.csv", people), "--init"}).exit_code, 0);
  }

  // The external ids, in order.
  std::string selected(const std::string& selector) const {
    const Finished finished = run({"select", store_, selector, "--json"});
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    EXPECT_EQ(finished.err, "");
    std::string names;
    for (const auto& user : objects_of(finished.out)) names += text_at(user, "external_id") + ' ';
    const auto count = boost::json::parse(run({"count", store_, selector, "--json"}).out);
    EXPECT_EQ(number_at(count, "count"), static_cast<std::int64_t>(names.size() / 3)) << selector;
    EXPECT_EQ(number_at(count, "revision"), 5);
    return names;
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
};

TEST_F(Select, FindsAndCountsWhoIsMeant) {
  EXPECT_EQ(selected(""), "u1 u2 u3 u4 u5 ");
  EXPECT_EQ(selected("tier=gold"), "u1 u3 ");
  EXPECT_EQ(selected("tier in (gold,silver), !churned"), "u1 u2 ");
  EXPECT_EQ(selected("tier!=gold"), "u2 u4 u5 ");
  EXPECT_EQ(selected("tier~gold?*"), "u5 ");
  EXPECT_EQ(selected("tier!~gold*,tier"), "u2 ");
  EXPECT_EQ(selected("seats>-3"), "u1 u2 ");
  EXPECT_EQ(selected("any(team=\"human resources\",seats<0)"), "u1 u5 ");
  EXPECT_EQ(selected("not(tier,seats)"), "u3 u4 ");
  EXPECT_EQ(selected("nobody"), "");
}

TEST_F(Select, AnswersPeopleInTablesAndWords) {
  const auto lines = lines_of(run({"select", store_, "team=red,churned"}).out);
  ASSERT_EQ(lines.size(), 2u);
  EXPECT_EQ(lines[0], "EXTERNAL ID  ID                               REVISION  TAGS");
  EXPECT_NE(lines[1].find("churned=yes team=red tier=gold"), std::string::npos);
  EXPECT_EQ(run({"count", store_, "team=red"}).out, "3 users\n");
  EXPECT_EQ(run({"count", store_, "churned"}).out, "1 user\n");
}

TEST_F(Select, GoesOnAtTheCursor) {
  const auto names =
      texts_of_pages({"select", store_, "team=red", "--limit", "2", "--json"},
                     {"select", store_, "team == red", "--limit", "2", "--json"}, "external_id", 5);
  EXPECT_EQ(names, (std::vector<std::string>{"u2", "u3", "u5"}));
  const auto end = boost::json::parse(run({"select", store_, "team=red", "--limit", "1", "--json"}).err);
  EXPECT_EQ(run({"select", store_, "tier", "--after", text_at(end, "next")}).exit_code, 2)
      << "another question";
}

TEST_F(Select, ShowsPeopleWhereASelectorGoesWrong) {
  for (const char* command : {"select", "count"}) {
    const Finished finished = run({command, store_, "tier=go*"});
    EXPECT_EQ(finished.exit_code, 2);
    EXPECT_EQ(finished.out, "");
    EXPECT_EQ(finished.err,
              "usertags: invalid_selector: the selector cannot be parsed at byte 7: found \"*\", expected "
              "\",\" or the "
              "end; a pattern is written tier~go*, and a value with * or ? in quotes\n"
              "  tier=go*\n"
              "         ^\n");
  }
  EXPECT_NE(
      run({"count", store_, "a=\"\x1b[31m\" é b"}).err.find("  a=\"\\x1b[31m\" é b\n               ^\n"),
      std::string::npos);
}

TEST_F(Select, TellsProgramsThePosition) {
  const Finished finished = run({"count", store_, "tier>=5", "--json"});
  EXPECT_EQ(finished.exit_code, 2);
  const auto error = boost::json::parse(finished.err);
  EXPECT_EQ(text_at(error, "error.code"), "invalid_selector");
  EXPECT_EQ(number_at(error, "error.position"), 5);
}

TEST_F(Select, TakesTextsThatACommandLineMightTakeApart) {
  EXPECT_EQ(selected("{}"), "");
  EXPECT_EQ(selected("[a,b]"), "");
  EXPECT_EQ(run({"count", store_, "--", "-5"}).out, "0 users\n");
  EXPECT_EQ(run({"count", store_}).exit_code, 2);
}

}   // namespace
}   // namespace usertags::test
