// changes and history, as a shell runs them.
#include <gtest/gtest.h>

#include <csignal>
#include <cstdint>
#include <string>
#include <vector>

#include "output/change_lines.hpp"
#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

class Changes : public testing::Test {
 protected:
  // Creates alice (revision 1) and bob (2), patches alice (3), deletes bob (4).
  void SetUp() override {
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"create-user", store_, "alice", "--init", "--set", "tier=trial", "--set", "a\"b=1", "--note",
              "new"},
             {"create-user", store_, "bob"},
             {"apply", store_, "alice", "--set", "tier=gold", "--delete", "a\"b", "--note", "paid"},
             {"delete-user", store_, "bob"}}) {
      ASSERT_EQ(run(arguments).exit_code, 0);
    }
  }

  // The revisions of the lines that a command prints with --json.
  std::vector<std::int64_t> revisions(std::vector<std::string> arguments) const {
    arguments.emplace_back("--json");
    const Finished finished = run(arguments);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    std::vector<std::int64_t> revisions;
    for (const auto& object : objects_of(finished.out)) revisions.push_back(number_at(object, "revision"));
    return revisions;
  }
  std::string id_of(const char* user) const {
    for (const auto& object : objects_of(run({"changes", store_, "--json"}).out)) {
      if (object.at("external_id") == user) return std::string(object.at("user").as_string());
    }
    return "";
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
};

using Revisions = std::vector<std::int64_t>;

TEST_F(Changes, AreOneObjectALine) {
  const auto changes = objects_of(run({"changes", store_, "--json"}).out);
  ASSERT_EQ(changes.size(), 4U);
  const boost::json::value patch = changes[2];
  EXPECT_EQ(number_at(patch, "revision"), 3);
  EXPECT_EQ(number_at(patch, "transaction"), 3);
  EXPECT_EQ(text_at(patch, "external_id"), "alice");
  EXPECT_EQ(text_at(patch, "user"), text_at(changes[0], "user"));
  EXPECT_EQ(text_at(patch, "kind"), "patched");
  EXPECT_EQ(text_at(patch, "note"), "paid");
  EXPECT_EQ(serialize(at(patch, "tags")), R"({"a\"b":null,"tier":"gold"})");
  EXPECT_EQ(serialize(at(patch, "before")), R"({"a\"b":"1","tier":"trial"})");
  EXPECT_EQ(serialize(at(changes[0], "before")), R"({"a\"b":null,"tier":null})");
  EXPECT_EQ(text_at(patch, "at").size(), 24U);
  EXPECT_EQ(text_at(changes[0], "kind"), "created");
  EXPECT_EQ(serialize(at(changes[0], "tags")), R"({"a\"b":"1","tier":"trial"})");
  EXPECT_EQ(text_at(changes[3], "kind"), "deleted");
  EXPECT_EQ(text_at(changes[3], "external_id"), "bob");
}

TEST_F(Changes, GoOnBehindAPositionOrARevision) {
  EXPECT_EQ(revisions({"changes", store_}), (Revisions{1, 2, 3, 4}));
  EXPECT_EQ(revisions({"changes", store_, "--limit", "2"}), (Revisions{1, 2}));
  EXPECT_EQ(revisions({"changes", store_, "--after", "3"}), (Revisions{4}));
  const auto second = objects_of(run({"changes", store_, "--json"}).out)[1];
  EXPECT_EQ(revisions({"changes", store_, "--after", text_at(second, "position")}), (Revisions{3, 4}));
  EXPECT_EQ(revisions({"changes", store_, "--after", "4"}), Revisions());
}

TEST_F(Changes, RefuseOtherPositions) {
  const Finished nonsense = run({"changes", store_, "--after", "nonsense", "--json"});
  EXPECT_EQ(nonsense.exit_code, 2);
  EXPECT_EQ(text_at(boost::json::parse(nonsense.err), "error.code"), "invalid_argument");
  const Finished future = run({"changes", store_, "--after", "5", "--json"});
  EXPECT_EQ(future.exit_code, 1);
  EXPECT_EQ(text_at(boost::json::parse(future.err), "error.code"), "future_revision");
  EXPECT_EQ(run({"changes", store_, "--limit", "0"}).exit_code, 2);
}

TEST_F(Changes, AreColumnsForPeople) {
  const auto lines = lines_of(run({"changes", store_}).out);
  ASSERT_EQ(lines.size(), 5U);
  EXPECT_EQ(lines[0].substr(0, 12), "REVISION  AT");
  EXPECT_NE(lines[3].find("alice        patched  paid  !\"a\\\"b\" (was 1) tier=gold (was trial)"),
            std::string::npos)
      << lines[3];
}

TEST_F(Changes, FollowAnotherProcess) {
  RunningCommand follower({"changes", store_, "--after", "3", "--follow", "--json"});
  EXPECT_EQ(number_at(boost::json::parse(follower.read_line()), "revision"), 4);
  RunningCommand writer({"stream", store_});
  for (int n = 5; n < 10; ++n) {
    writer.write("{\"create\":{\"external_id\":\"user " + std::to_string(n) + "\"}}\n");
    writer.read_line();
    const auto change = boost::json::parse(follower.read_line());
    EXPECT_EQ(number_at(change, "revision"), n);
    EXPECT_EQ(text_at(change, "external_id"), "user " + std::to_string(n));
  }
  EXPECT_EQ(writer.finish().exit_code, 0);
  ASSERT_EQ(run({"create-user", store_, "last"}).exit_code, 0);   // by yet another process
  EXPECT_EQ(text_at(boost::json::parse(follower.read_line()), "external_id"), "last");
  follower.signal(SIGINT);
  EXPECT_EQ(follower.finish().exit_code, 130);
}

TEST_F(Changes, FollowEndsAtTheLimit) {
  EXPECT_EQ(revisions({"changes", store_, "--follow", "--limit", "3"}), (Revisions{1, 2, 3}));
}

TEST_F(Changes, OfOneUserAreItsHistory) {
  EXPECT_EQ(revisions({"history", store_, "alice"}), (Revisions{3, 1}));
  EXPECT_EQ(revisions({"history", store_, "alice", "--limit", "1"}), (Revisions{3}));
  EXPECT_EQ(revisions({"history", store_, id_of("bob")}), (Revisions{4, 2}));
  const Finished nobody = run({"history", store_, "bob", "--json"});
  EXPECT_EQ(nobody.exit_code, 1);
  EXPECT_EQ(text_at(boost::json::parse(nobody.err), "error.code"), "user_not_found");
}

TEST(Utc, IsRfc3339) {
  using std::chrono::milliseconds;
  using Time = std::chrono::sys_time<milliseconds>;
  EXPECT_EQ(command::utc(Time(milliseconds(0))), "1970-01-01T00:00:00.000Z");
  EXPECT_EQ(command::utc(Time(milliseconds(1'709'251'199'999))), "2024-02-29T23:59:59.999Z");
}

}   // namespace
}   // namespace usertags::test
