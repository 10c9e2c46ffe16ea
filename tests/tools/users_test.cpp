// create-user, apply, delete-user, find and list, as a shell runs them.
#include <gtest/gtest.h>

#include <string>

#include "pages.hpp"
#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

class Users : public testing::Test {
 protected:
  // A store with alice {seats=1, tier=trial}, revision 1, and bob, revision 2.
  void SetUp() override {
    ASSERT_EQ(
        run({"create-user", store_, "alice", "--init", "--set", "tier=trial", "--set", "seats=1"}).exit_code,
        0);
    ASSERT_EQ(run({"create-user", store_, "bob"}).exit_code, 0);
  }

  // Runs a command with --json that is to succeed, and returns its answer.
  boost::json::value answer(std::vector<std::string> arguments, std::string_view input = {}) {
    arguments.push_back("--json");
    const Finished finished = run(arguments, input);
    EXPECT_EQ(finished.exit_code, 0) << finished.err;
    return boost::json::parse(finished.out);
  }

  // Runs a command with --json that is to fail so, and returns its error.
  boost::json::value refusal(std::vector<std::string> arguments, int exit_code, std::string_view input = {}) {
    arguments.push_back("--json");
    const Finished finished = run(arguments, input);
    EXPECT_EQ(finished.exit_code, exit_code);
    EXPECT_EQ(finished.out, "");
    return boost::json::parse(finished.err).at("error");
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
};

TEST_F(Users, CreateAnswersWithTheUser) {
  const auto created =
      answer({"create-user", store_, "carol", "--set", "b=2=2", "--set", "a=", "--note", "why"});
  EXPECT_EQ(number_at(created, "revision"), 3);
  EXPECT_EQ(at(created, "changed"), true);
  EXPECT_EQ(at(created, "replayed"), false);
  EXPECT_EQ(text_at(created, "data.external_id"), "carol");
  EXPECT_EQ(number_at(created, "data.revision"), 3);
  EXPECT_EQ(serialize(at(created, "data.tags")), R"([{"key":"a","value":""},{"key":"b","value":"2=2"}])");
  EXPECT_EQ(text_at(created, "data.id").substr(0, 5), "user_");
}

TEST_F(Users, CreateMakesAStoreOnlyWithInit) {
  const std::string other = (folder_ / "other.db").string();
  EXPECT_EQ(text_at(refusal({"create-user", other, "a"}, 3), "code"), "not_a_store");
  EXPECT_FALSE(std::filesystem::exists(other));
  EXPECT_EQ(run({"create-user", other, "a", "--init"}).exit_code, 0);
}

TEST_F(Users, CreateNamesTheHolderOfATakenExternalId) {
  const auto error = refusal({"create-user", store_, "alice"}, 1);
  EXPECT_EQ(text_at(error, "code"), "user_exists");
  EXPECT_EQ(text_at(error, "existing_id"), text_at(answer({"find", store_, "alice"}), "data.id"));
}

TEST_F(Users, ApplyKeepsTheOrderOfTheCommandLine) {
  const auto error = refusal({"apply", store_, "alice", "--delete", "no key", "--set", "=x", "--create",
                              "tier=a", "--update", "nope=b", "--set", "tier=c", "--json"},
                             1);
  EXPECT_EQ(text_at(error, "code"), "batch_refused");
  std::vector<std::string> seen;
  for (const auto& violation : error.at("violations").as_array()) {
    seen.push_back(serialize(violation.at("index")) + ' ' + text_at(violation, "operation") + ' ' +
                   text_at(violation, "key") + ' ' + text_at(violation, "reason"));
  }
  EXPECT_EQ(seen, (std::vector<std::string>{"1 set  empty_key", "2 create tier key_exists",
                                            "3 update nope key_missing", "4 set tier duplicate_key"}));
}

TEST_F(Users, ApplyTakesEachKindOfOperation) {
  const auto applied = answer({"apply", store_, "alice", "--update", "tier=gold", "--create=new=1",
                               "--delete", "seats", "--set", "x==y"});
  EXPECT_EQ(serialize(at(applied, "data.tags")),
            R"([{"key":"new","value":"1"},{"key":"tier","value":"gold"},{"key":"x","value":"=y"}])");
  EXPECT_EQ(number_at(applied, "revision"), 3);
}

TEST_F(Users, ApplyTakesABodyWithGuards) {
  const std::string body = R"({"tags":{"delete":[{"key":"seats","must_exist":true,"expected_value":"1"}],)"
                           R"("set":[{"key":"tier","value":"gold","expected_value":"trial"}]}})";
  EXPECT_EQ(serialize(at(answer({"apply", store_, "alice", "--body", "-"}, body), "data.tags")),
            R"([{"key":"tier","value":"gold"}])");
  const std::string file = write_file(folder_ / "body.json", body);
  const auto error = refusal({"apply", store_, "alice", "--body", file}, 1);
  EXPECT_EQ(text_at(error, "violations.0.reason"), "value_mismatch") << "a set comes before a deletion";
  EXPECT_EQ(text_at(error, "violations.0.current"), "gold");
  EXPECT_EQ(text_at(error, "violations.1.reason"), "key_missing");
  EXPECT_EQ(text_at(error, "violations.2.reason"), "value_mismatch");
}

TEST_F(Users, ApplyRefusesABodyThatIsWrong) {
  const auto error = refusal({"apply", store_, "alice", "--body", "-"}, 2, R"({"tags":{"add":[]}})");
  EXPECT_EQ(text_at(error, "code"), "invalid_argument");
  EXPECT_NE(text_at(error, "message").find("tags.add"), std::string::npos);
  EXPECT_EQ(run({"apply", store_, "alice", "--body", "-", "--set", "a=b"}, R"({"tags":{}})").exit_code, 2);
}

TEST_F(Users, ApplyTellsWhereNothingChanges) {
  const auto applied = answer({"apply", store_, "alice", "--set", "tier=trial", "--delete", "absent"});
  EXPECT_EQ(at(applied, "changed"), false);
  EXPECT_EQ(number_at(applied, "revision"), 1);
  EXPECT_EQ(number_at(answer({"info", store_}), "revision"), 2);
}

TEST_F(Users, ApplyChecksTheRevision) {
  const auto error = refusal({"apply", store_, "alice", "--set", "a=b", "--if-revision", "2"}, 1);
  EXPECT_EQ(text_at(error, "code"), "revision_mismatch");
  EXPECT_EQ(number_at(error, "current_revision"), 1);
  EXPECT_EQ(number_at(answer({"apply", store_, "alice", "--set", "a=b", "--if-revision", "1"}), "revision"),
            3);
}

TEST_F(Users, ATokenTakesEffectOnce) {
  const std::vector<std::string> apply{"apply", store_, "alice", "--create", "seal=1", "--token", "t"};
  const auto first = answer(apply);
  EXPECT_EQ(at(first, "replayed"), false);
  const auto again = answer(apply);
  EXPECT_EQ(at(again, "replayed"), true);
  EXPECT_EQ(at(again, "revision"), at(first, "revision"));
  EXPECT_EQ(run(apply).out.find("already done under this token"), 0U) << run(apply).out;
  EXPECT_EQ(text_at(refusal({"delete-user", store_, "alice", "--token", "t"}, 1), "code"), "token_reused");
  EXPECT_EQ(
      at(answer({"apply", store_, "alice", "--create", "seal=1", "--token", "t", "--dry-run"}), "replayed"),
      true);
  EXPECT_EQ(answer({"create-user", store_, "carol", "--token", "c"}).at("data"),
            answer({"create-user", store_, "carol", "--token", "c"}).at("data"));
  EXPECT_EQ(run({"apply", store_, "alice", "--set", "a=b", "--token", ""}).exit_code, 2);
  EXPECT_EQ(number_at(answer({"info", store_}), "tokens"), 2);
}

TEST_F(Users, DryRunAnswersAsApplyWouldAndChangesNothing) {
  const std::string before = read_file(store_);
  const auto planned = answer({"apply", store_, "alice", "--set", "tier=gold", "--dry-run"});
  EXPECT_EQ(refusal({"apply", store_, "alice", "--create", "tier=x", "--dry-run"}, 1).at("code"),
            "batch_refused");
  EXPECT_EQ(read_file(store_), before);
  EXPECT_EQ(planned, answer({"apply", store_, "alice", "--set", "tier=gold"}));
}

TEST_F(Users, DeleteFreesTheExternalId) {
  EXPECT_EQ(text_at(refusal({"delete-user", store_, "alice", "--if-revision", "7"}, 1), "code"),
            "revision_mismatch");
  const auto deleted = answer({"delete-user", store_, "alice", "--note", "left"});
  EXPECT_EQ(serialize(deleted), R"({"data":null,"revision":3,"changed":true,"replayed":false})");
  EXPECT_EQ(text_at(refusal({"delete-user", store_, "alice"}, 1), "code"), "user_not_found");
  EXPECT_EQ(run({"create-user", store_, "alice"}).exit_code, 0);
}

TEST_F(Users, FindPrintsThoseThereAreAndNamesTheOthers) {
  const std::string id = text_at(answer({"find", store_, "bob"}), "data.id");
  const Finished found = run({"find", store_, "alice", "nobody", id, "--json"});
  EXPECT_EQ(found.exit_code, 1);
  const auto users = objects_of(found.out);
  ASSERT_EQ(users.size(), 2u);
  EXPECT_EQ(text_at(users[0], "data.external_id"), "alice");
  EXPECT_EQ(text_at(users[1], "data.external_id"), "bob");
  const auto errors = objects_of(found.err);
  ASSERT_EQ(errors.size(), 1u);
  EXPECT_EQ(text_at(errors[0], "error.code"), "user_not_found");
  EXPECT_NE(text_at(errors[0], "error.message").find("nobody"), std::string::npos);
}

TEST_F(Users, ArgumentsArePassedOnByteByByte) {
  for (const std::string name :
       {"[alice]", "[a,b]", "{}", "%%", "-", "++", "find", "--json", "-x", "a b", "'q'"}) {
    EXPECT_EQ(run({"create-user", store_, "--set", "k=" + name, "--", name}).exit_code, 0) << name;
    const Finished found = run({"find", store_, "--json", "--", name});
    EXPECT_EQ(found.exit_code, 0) << name << found.err;
    const auto user = boost::json::parse(found.out).at("data");
    EXPECT_EQ(text_at(user, "external_id"), name);
    EXPECT_EQ(text_at(user, "tags.0.value"), name);
  }
}

TEST_F(Users, MalformedTextIsRefusedAndShownSafely) {
  const Finished created = run({"create-user", store_, "bad\xFF", "--json"});
  EXPECT_EQ(created.exit_code, 2);
  EXPECT_EQ(text_at(boost::json::parse(created.err), "error.code"), "invalid_argument");
  const auto error = refusal({"apply", store_, "alice", "--set", "k\xFF\x1b=v"}, 1);
  EXPECT_EQ(text_at(error, "violations.0.key"), "k\uFFFD\x1b");
  EXPECT_EQ(text_at(error, "violations.0.reason"), "malformed_utf8");
  const Finished told = run({"apply", store_, "alice", "--set", "k\xFF\x1b=v"});
  EXPECT_NE(told.err.find(R"(set "k\xff\x1b": malformed_utf8: at byte 1)"), std::string::npos) << told.err;
  EXPECT_EQ(told.err.find('\x1b'), std::string::npos);
}

TEST_F(Users, ListGoesOnAtTheCursor) {
  for (const char* name : {"c", "d", "e"}) ASSERT_EQ(run({"create-user", store_, name}).exit_code, 0);
  const std::vector<std::string> list = {"list", store_, "--limit", "2", "--json"};
  const auto names = texts_of_pages(list, list, "external_id", 5);
  EXPECT_EQ(names, (std::vector<std::string>{"alice", "bob", "c", "d", "e"}));
}

TEST_F(Users, ListWithoutLimitGoesThroughAllPages) {
  std::string lines;
  for (int i = 0; i < 2'500; ++i) lines += "{\"external_id\":\"u" + std::to_string(i) + "\"}\n";
  ASSERT_EQ(run({"load", store_, "-", "--format", "jsonl"}, lines).exit_code, 0);
  const Finished all = run({"list", store_, "--json"});
  EXPECT_EQ(all.err, "");
  EXPECT_EQ(objects_of(all.out).size(), 2'502u);
  EXPECT_EQ(lines_of(run({"list", store_}).out).size(), 2'503u);   // with a header
  EXPECT_EQ(objects_of(run({"list", store_, "--limit", "1234", "--json"}).out).size(), 1'234u);
}

TEST_F(Users, ListRefusesACursorOfSomethingElse) {
  EXPECT_EQ(text_at(refusal({"list", store_, "--after", "nonsense"}, 2), "code"), "invalid_cursor");
}

TEST_F(Users, PeopleGetAlignedTextWithoutColours) {
  const Finished found = run({"find", store_, "alice"});
  EXPECT_EQ(lines_of(found.out).at(1), "  seats  1");
  EXPECT_EQ(lines_of(found.out).at(2), "  tier   trial");
  EXPECT_EQ(found.out.find('\x1b'), std::string::npos);
  const Finished listed = run({"list", store_});
  EXPECT_EQ(lines_of(listed.out).at(0), "EXTERNAL ID  ID                               REVISION  TAGS");
  EXPECT_NE(lines_of(listed.out).at(1).find("         1  seats=1 tier=trial"), std::string::npos);
}

TEST_F(Users, ASecondWriterIsToldWhoHoldsTheStore) {
  RunningCommand holder({"stream", store_});
  holder.write("{\"delete\":\"nobody\"}\n");
  holder.read_line();
  const auto error = refusal({"create-user", store_, "x"}, 3);
  EXPECT_EQ(text_at(error, "code"), "store_locked");
  EXPECT_EQ(number_at(error, "holder_pid"), holder.pid());
}

}   // namespace
}   // namespace usertags::test
