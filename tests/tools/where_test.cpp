// Writes to all users of a selector: apply --where, delete-user --where, rename-key.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

class WhereCommands : public testing::Test {
 protected:
  void SetUp() override {
    const std::string people =
        "external_id,tier,team,department\n"
        "u1,gold,red,\nu2,gold,blue,sales\nu3,silver,red,\nu4,,,\n";
    ASSERT_EQ(run({"load", store_, write_file(folder_ / "people.csv", people), "--init"}).exit_code, 0);
  }

  std::string count(const std::string& selector) const { return run({"count", store_, selector}).out; }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
};

TEST_F(WhereCommands, ApplyToAllOfASelector) {
  const Finished applied =
      run({"apply", store_, "--where", "tier=gold", "--set", "seats=1", "--note", "why"});
  EXPECT_EQ(applied.exit_code, 0) << applied.err;
  EXPECT_EQ(applied.out, "2 users: 2 changed, 0 unchanged, 0 refused\n");
  EXPECT_EQ(count("seats=1"), "2 users\n");
  EXPECT_NE(run({"history", store_, "u2", "--json"}).out.find("\"note\":\"why\""), std::string::npos);
}

TEST_F(WhereCommands, TellsWhoWasRefused) {
  const std::vector<std::string> arguments{"apply", store_, "--where", "team", "--create", "department=x"};
  const Finished refused = run(arguments);
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_EQ(refused.out, "3 users: 2 changed, 0 unchanged, 1 refused\n");
  EXPECT_TRUE(refused.err.starts_with("refused u2: ")) << refused.err;
  std::vector<std::string> with_json = arguments;
  with_json.push_back("--json");
  const auto object = boost::json::parse(run(with_json).out);
  EXPECT_EQ(number_at(object, "matched"), 3);
  EXPECT_EQ(number_at(object, "refused"), 3);
  const auto& first = object.at("refusals").at(0);
  EXPECT_EQ(text_at(first, "external_id"), "u1");
  EXPECT_EQ(text_at(first.at("error"), "code"), "batch_refused");
  EXPECT_TRUE(object.at("stopped").is_null());
  EXPECT_TRUE(object.at("next").is_null());
}

TEST_F(WhereCommands, ADryRunChangesNothing) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"apply", store_, "--where", "tier", "--set", "a=1", "--dry-run"},
        {"delete-user", store_, "--where", "tier", "--dry-run"},
        {"rename-key", store_, "tier", "level", "--dry-run"}}) {
    const Finished planned = run(arguments);
    EXPECT_EQ(planned.exit_code, 0) << planned.err;
    EXPECT_TRUE(planned.out.starts_with("3 users: 3 would be ")) << planned.out;
    EXPECT_EQ(number_at(boost::json::parse(run({"count", store_, "tier", "--json"}).out), "revision"), 4);
  }
}

TEST_F(WhereCommands, DeletesAllOfASelector) {
  const Finished deleted = run({"delete-user", store_, "--where", "team=red"});
  EXPECT_EQ(deleted.exit_code, 0) << deleted.err;
  EXPECT_EQ(deleted.out, "2 users: 2 deleted, 0 unchanged, 0 refused\n");
  EXPECT_EQ(count(""), "2 users\n");
}

TEST_F(WhereCommands, EverybodyAndAtMostAreToBeSaid) {
  const Finished empty = run({"delete-user", store_, "--where", ""});
  EXPECT_EQ(empty.exit_code, 2);
  EXPECT_NE(empty.err.find("the selector is empty and means every user"), std::string::npos) << empty.err;
  const Finished many = run({"delete-user", store_, "--where", "", "--everybody", "--at-most", "3"});
  EXPECT_EQ(many.exit_code, 2);
  EXPECT_NE(many.err.find("4 users, which is more than 3"), std::string::npos) << many.err;
  EXPECT_EQ(count(""), "4 users\n");
  EXPECT_EQ(run({"delete-user", store_, "--where", "", "--everybody", "--at-most", "4"}).exit_code, 0);
  EXPECT_EQ(count(""), "0 users\n");
}

TEST_F(WhereCommands, RenamesAKeyWhereTheNewOneIsFree) {
  const Finished renamed = run({"rename-key", store_, "team", "department", "--at-most", "3"});
  EXPECT_EQ(renamed.exit_code, 1);
  EXPECT_EQ(renamed.out, "3 users: 2 renamed, 0 unchanged, 1 refused\n");
  EXPECT_TRUE(renamed.err.starts_with("refused u2: ")) << renamed.err;
  EXPECT_EQ(count("department=red,!team"), "2 users\n");
  EXPECT_EQ(count("department=sales,team=blue"), "1 user\n") << "who has both keeps both";
}

TEST_F(WhereCommands, TellsThatTheLogWillNotHoldThem) {
  ASSERT_EQ(run({"settings", store_, "--set", "history_min_changes=2"}).exit_code, 0);
  const Finished told = run({"rename-key", store_, "tier", "level", "--dry-run"});
  EXPECT_NE(told.err.find("the log keeps 2 changes for sure"), std::string::npos) << told.err;
  EXPECT_EQ(run({"rename-key", store_, "team", "level", "--dry-run", "--at-most", "9"}).exit_code, 0);
}

TEST_F(WhereCommands, IsForOneUserOrForMany) {
  for (const std::vector<std::string>& arguments :
       {std::vector<std::string>{"apply", store_, "--set", "a=1"},
        {"apply", store_, "u1", "--where", "tier", "--set", "a=1"},
        {"apply", store_, "u1", "--at-most", "1", "--set", "a=1"},
        {"apply", store_, "--where", "tier", "--set", "a=1", "--token", "t"},
        {"apply", store_, "--where", "tier", "--set", "a=1", "--if-revision", "1"},
        {"apply", store_, "--where", "tier=go*", "--set", "a=1"},
        {"apply", store_, "--where", "tier", "--set", "a=1", "--after", "nonsense"},
        {"delete-user", store_},
        {"delete-user", store_, "u1", "--dry-run"},
        {"rename-key", store_, "team"},
        {"rename-key", store_, "team", "team"}}) {
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, 2) << finished.out << finished.err;
  }
  EXPECT_EQ(number_at(boost::json::parse(run({"count", store_, "tier", "--json"}).out), "revision"), 4);
}

}   // namespace
}   // namespace usertags::test
