// audience, as a shell runs it.
#include <gtest/gtest.h>

#include <csignal>
#include <string>
#include <vector>

#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

using Lines = std::vector<std::string>;

class Audience : public testing::Test {
 protected:
  // Creates alice (revision 1, gold), bob (2, trial), carol (3, gold).
  void SetUp() override {
    succeed({"create-user", store_, "alice", "--init", "--set", "tier=gold"});
    succeed({"create-user", store_, "bob", "--set", "tier=trial"});
    succeed({"create-user", store_, "carol", "--set", "tier=gold"});
  }
  static void succeed(const Lines& arguments) { ASSERT_EQ(run(arguments).exit_code, 0); }

  // What was printed of users: "+alice" entered, "-alice" left. The last line is the position.
  Lines audience(Lines more) {
    Lines arguments = {"audience", store_, "tier=gold", "--json"};
    arguments.insert(arguments.end(), more.begin(), more.end());
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    Lines told;
    for (const auto& object : objects_of(finished.out)) {
      if (object.contains("position"))
        position_ = text_at(object, "position");
      else
        told.push_back((text_at(object, "kind") == "entered" ? "+" : "-") + text_at(object, "external_id"));
    }
    return told;
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
  std::string position_;
};

TEST_F(Audience, BeginsWithAllAndGoesOnBehindThePosition) {
  EXPECT_EQ(audience({}), (Lines{"+alice", "+carol"}));
  succeed({"apply", store_, "bob", "--set", "tier=gold"});
  succeed({"delete-user", store_, "alice"});
  succeed({"apply", store_, "carol", "--set", "seats=3"});
  EXPECT_EQ(audience({"--after", position_}), (Lines{"-alice", "+bob"}));
  EXPECT_EQ(audience({"--after", position_}), Lines());
  EXPECT_EQ(audience({"--after", "3"}), (Lines{"-alice", "+bob"})) << "a revision is a position, too";
  EXPECT_EQ(audience({"--after", ""}), (Lines{"+bob", "+carol"}));
}

TEST_F(Audience, IsRefusedWhereItCannotBeTold) {
  const Finished future = run({"audience", store_, "tier=gold", "--after", "4", "--json"});
  EXPECT_EQ(future.exit_code, 1);
  EXPECT_EQ(text_at(boost::json::parse(future.err), "error.code"), "future_revision");
  EXPECT_EQ(future.out, "");
  const Finished nonsense = run({"audience", store_, "tier=gold", "--after", "nonsense", "--json"});
  EXPECT_EQ(nonsense.exit_code, 2);
  EXPECT_EQ(text_at(boost::json::parse(nonsense.err), "error.code"), "invalid_argument");
  EXPECT_EQ(run({"audience", store_, "tier=="}).exit_code, 0) << "the empty value";
  EXPECT_EQ(run({"audience", store_, "tier=go*"}).exit_code, 2);
  EXPECT_EQ(run({"audience", store_}).exit_code, 2);

  audience({});
  succeed({"settings", store_, "--set", "history_min_changes=1"});
  for (int n = 0; n < 3; ++n) succeed({"apply", store_, "bob", "--set", "n=" + std::to_string(n)});
  succeed({"compact", store_});
  const Finished pruned = run({"audience", store_, "tier=gold", "--after", position_, "--json"});
  EXPECT_EQ(pruned.exit_code, 1);
  EXPECT_EQ(text_at(boost::json::parse(pruned.err), "error.code"), "history_pruned");
}

TEST_F(Audience, IsColumnsForPeople) {
  const Finished finished = run({"audience", store_, "tier=gold"});
  const Lines lines = lines_of(finished.out);
  ASSERT_EQ(lines.size(), 3U);
  EXPECT_EQ(lines[0], "KIND     EXTERNAL ID  ID");
  EXPECT_EQ(lines[1].substr(0, 27), "entered  alice        user_");
  EXPECT_EQ(finished.err.substr(0, 18), "more with --after ");
}

TEST_F(Audience, IsFollowedInAnotherProcess) {
  RunningCommand follower({"audience", store_, "tier=gold", "--after", "3", "--follow", "--json"});
  const auto next = [&] { return boost::json::parse(follower.read_line()); };
  EXPECT_TRUE(next().as_object().contains("position"));
  RunningCommand writer({"stream", store_});
  for (const std::string tier : {"gold", "trial", "gold"}) {
    writer.write(R"({"user":"bob","tags":{"set":[{"key":"tier","value":")" + tier + "\"}]}}\n");
    writer.read_line();
    const auto change = next();
    EXPECT_EQ(text_at(change, "external_id"), "bob");
    EXPECT_EQ(text_at(change, "kind"), tier == "gold" ? "entered" : "left");
    EXPECT_TRUE(next().as_object().contains("position"));
  }
  EXPECT_EQ(writer.finish().exit_code, 0);
  follower.signal(SIGINT);
  EXPECT_EQ(follower.finish().exit_code, 130);
}

}   // namespace
}   // namespace usertags::test
