// adopt, as a shell runs it.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "parts.hpp"
#include "running_command.hpp"
#include "support/stock_sqlite.hpp"

namespace usertags::test {
namespace {

class Adopt : public testing::Test {
 protected:
  void SetUp() override {
    const std::string file =
        write_file(folder_ / "people.csv", "external_id,tier,team\nann,gold,red\nbob,trial,\ncid,,\n");
    ASSERT_EQ(run({"load", store_, file, "--init"}).exit_code, 0);
  }

  void edit(const char* sql) const { StockSqlite(store_).run(sql); }
  std::string bytes() const { return read_file(store_) + '|' + read_file(store_ + "-wal"); }
  std::string id_of(const char* user) const {
    return StockSqlite(store_).query(std::string("SELECT id FROM user WHERE external_id = '") + user +
                                     '\'')[0][0];
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
};

constexpr const char* kEdits = R"(
    UPDATE user SET tags = '{"seats":"1 or 2","tier":"none"}' WHERE external_id = 'ann';
    DELETE FROM user WHERE external_id = 'bob';
    UPDATE user SET tags = '{ }' WHERE external_id = 'cid';
    INSERT INTO user SELECT 9, id, 'eve', 1, 0, '{"tier":"new"}' FROM user WHERE ordinal = 1)";

TEST_F(Adopt, ShowsTakesInAndEndsWithZero) {
  const std::string ann = id_of("ann");
  const std::string bob = id_of("bob");
  const std::string cid = id_of("cid");
  edit(kEdits);
  ASSERT_EQ(run({"list", store_}).exit_code, 3);
  const std::string before = bytes();
  const Finished dry = run({"adopt", store_, "--dry-run"});
  EXPECT_EQ(dry.exit_code, 1);
  EXPECT_EQ(dry.err, "");
  EXPECT_EQ(dry.out, "deleted bob  " + bob + "\npatched ann  " + ann +
                         "\n  seats=\"1 or 2\" !team (was red) tier=none (was gold)\npatched cid  " + cid +
                         "\n  the row alone is put in order\ncreated eve  a new user\n  tier=new\n"
                         "would be adopted: 4 changes, revision 3\n");
  EXPECT_TRUE(bytes() == before);

  const Finished adopted = run({"adopt", store_, "--note", "case 4711"});
  EXPECT_EQ(adopted.exit_code, 0);
  EXPECT_NE(adopted.out.find("\nadopted: 4 changes, revision 6\n"), std::string::npos) << adopted.out;
  EXPECT_NE(adopted.out.find("created eve  user_"), std::string::npos) << adopted.out;
  EXPECT_EQ(run({"verify", store_}).exit_code, 0);
  const auto changes = objects_of(run({"changes", store_, "--after", "3", "--json"}).out);
  ASSERT_EQ(changes.size(), 3U);
  for (const auto& change : changes) EXPECT_EQ(change.at("note"), "case 4711");

  const Finished again = run({"adopt", store_});
  EXPECT_EQ(again.exit_code, 0);
  EXPECT_EQ(again.out, "nothing to adopt, revision 6\n");
}

TEST_F(Adopt, AnswersWithOneObject) {
  const std::string ann = id_of("ann");
  edit(kEdits);
  const Finished dry = run({"adopt", store_, "--dry-run", "--json"});
  EXPECT_EQ(dry.exit_code, 1);
  const auto seen = boost::json::parse(dry.out);
  EXPECT_EQ(at(seen, "adopted"), false);
  EXPECT_EQ(at(seen, "proved"), true);
  EXPECT_EQ(number_at(seen, "revision"), 3);
  EXPECT_EQ(number_at(seen, "entries_forgotten"), 0);
  EXPECT_EQ(number_at(seen, "tokens_forgotten"), 0);
  EXPECT_EQ(serialize(at(seen, "changes.1")),
            R"({"kind":"patched","user":")" + ann +
                R"(","external_id":"ann","tags":{"seats":"1 or 2","team":null,"tier":"none"},)"
                R"("complete":true,"logged":true,"problem":null,"violations":[]})");
  EXPECT_EQ(at(seen, "changes.2.logged"), false);
  EXPECT_EQ(at(seen, "changes.3.user"), nullptr);
  const Finished adopted = run({"adopt", store_, "--json"});
  EXPECT_EQ(adopted.exit_code, 0);
  const auto done = boost::json::parse(adopted.out);
  EXPECT_EQ(at(done, "adopted"), true);
  EXPECT_EQ(number_at(done, "revision"), 6);
  EXPECT_EQ(text_at(done, "changes.3.user"),
            text_at(boost::json::parse(run({"find", store_, "eve", "--json"}).out), "data.id"));
}

TEST_F(Adopt, AProblemKeepsAllFromBeingAdopted) {
  edit(kEdits);
  edit(R"(UPDATE user SET tags = '{"a/b":"1"}' WHERE external_id = 'ann')");
  const std::string before = bytes();
  for (const std::vector<std::string>& arguments :
       std::vector<std::vector<std::string>>{{"adopt", store_}, {"adopt", store_, "--dry-run"}}) {
    const Finished refused = run(arguments);
    EXPECT_EQ(refused.exit_code, 1);
    EXPECT_NE(refused.out.find("\n  problem: its tags break the rules\n"
                               "    set a/b: forbidden_character: \"/\" at byte 1\n"),
              std::string::npos)
        << refused.out;
    EXPECT_NE(refused.out.find("\nnot adopted: 1 of 4 changes cannot be\n"), std::string::npos)
        << refused.out;
    EXPECT_TRUE(bytes() == before);
  }
  const auto object = boost::json::parse(run({"adopt", store_, "--json"}).out);
  EXPECT_EQ(text_at(object, "changes.1.problem"), "its tags break the rules");
  EXPECT_EQ(text_at(object, "changes.1.violations.0.reason"), "forbidden_character");
  EXPECT_EQ(number_at(object, "changes.1.violations.0.index"), 0);
}

TEST_F(Adopt, TellsWhatCannotBeKnownAndWhatIsForgotten) {
  ASSERT_EQ(run({"apply", store_, "ann", "--set", "tier=silver", "--token", "t"}).exit_code, 0);
  edit("DELETE FROM token; UPDATE user SET checksum = 0");
  const Finished found = run({"adopt", store_, "--dry-run"});
  EXPECT_EQ(found.exit_code, 1);
  EXPECT_NE(found.out.find("\n1 idempotency token forgotten: "), std::string::npos) << found.out;
  EXPECT_EQ(number_at(boost::json::parse(run({"adopt", store_, "--json"}).out), "tokens_forgotten"), 1);
}

TEST_F(Adopt, ShowsNothingThatMovesTheCursor) {
  edit(R"(UPDATE user SET tags = '{"a\u001b[2J":"b\nc"}' WHERE external_id = 'ann')");
  const Finished found = run({"adopt", store_, "--dry-run"});
  EXPECT_NE(found.out.find(R"(  a\x1b[2J=b\nc !team (was red) !tier (was gold))"), std::string::npos)
      << found.out;
}

TEST_F(Adopt, WhatIsNoStoreOrDamagedIsAnError) {
  edit("UPDATE user SET tags = '[1]' WHERE external_id = 'ann'");
  const Finished damaged = run({"adopt", store_, "--json"});
  EXPECT_EQ(damaged.exit_code, 3);
  EXPECT_EQ(damaged.out, "");
  EXPECT_EQ(text_at(boost::json::parse(damaged.err), "error.code"), "corrupt_store");
  const std::string missing = (folder_ / "missing.db").string();
  const Finished nothing = run({"adopt", missing, "--json"});
  EXPECT_EQ(nothing.exit_code, 3);
  EXPECT_EQ(text_at(boost::json::parse(nothing.err), "error.code"), "not_a_store");
  EXPECT_FALSE(std::filesystem::exists(missing));
  EXPECT_FALSE(std::filesystem::exists(missing + ".lock"));
}

TEST_F(Adopt, AStoreThatIsOpenIsLookedAtOnly) {
  RunningCommand writer({"stream", store_});
  writer.write("{\"create\":{\"external_id\":\"dan\"}}\n");
  writer.read_line();
  EXPECT_EQ(run({"adopt", store_, "--dry-run"}).out, "nothing to adopt, revision 4\n");
  const Finished refused = run({"adopt", store_, "--json"});
  EXPECT_EQ(refused.exit_code, 3);
  EXPECT_EQ(text_at(boost::json::parse(refused.err), "error.code"), "store_locked");
}

}   // namespace
}   // namespace usertags::test
