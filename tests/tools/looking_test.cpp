// Commands that only look: info, verify, dump, and what all of them promise.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <set>
#include <string>
#include <vector>

#include "commands/commands.hpp"
#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

class Looking : public testing::Test {
 protected:
  void SetUp() override {
    const std::string file = write_file(folder_ / "people.csv", "external_id,a,b\nu1,1,x\nu2,2,\nu3,,\n");
    ASSERT_EQ(run({"load", store_, file, "--init"}).exit_code, 0);
  }

  std::vector<std::vector<std::string>> looks() const {
    return {{"find", store_, "u1"},
            {"list", store_},
            {"list", store_, "--limit", "2"},
            {"history", store_, "u1"},
            {"changes", store_},
            {"audience", store_, "a"},
            {"select", store_, "a"},
            {"count", store_, "a=1,!b"},
            {"keys", store_},
            {"values", store_, "a"},
            {"dump", store_},
            {"diff", store_, store_},
            {"diff", store_, store_, "--exact"},
            {"settings", store_},
            {"settings", store_, "--set", "tags_per_user=5", "--dry-run"},
            {"info", store_},
            {"stats", store_},
            {"stats", store_, "--openmetrics"},
            {"report", store_, "-o", "-"},
            {"verify", store_},
            {"backup", store_, (folder_ / "copy.db").string(), "--force"},
            {"apply", store_, "u1", "--set", "a=9", "--dry-run"},
            {"apply", store_, "--where", "a", "--set", "a=9", "--dry-run"},
            {"delete-user", store_, "--where", "a", "--dry-run"},
            {"rename-key", store_, "a", "c", "--dry-run"},
            {"adopt", store_, "--dry-run"}};
  }

  // The bytes of the store's database and WAL.
  std::string bytes() const { return read_file(store_) + '|' + read_file(store_ + "-wal"); }

  std::set<std::string> files() const {
    std::set<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      names.insert(entry.path().filename());
    return names;
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
};

// What is not among them writes, whatever its arguments.
TEST_F(Looking, IsWhatEveryCommandDoesButThese) {
  const std::set<std::string> writing = {"create-user", "stream", "load", "compact"};
  std::set<std::string> looking;
  for (const auto& look : looks()) looking.insert(look[0]);
  for (command::MakeCommand* make : command::kCommands) {
    const std::string name = make()->name();
    EXPECT_NE(looking.contains(name), writing.contains(name)) << name;
  }
}

TEST_F(Looking, ChangesNoByte) {
  const std::string before = bytes();
  for (const auto& look : looks()) {
    EXPECT_EQ(run(look).exit_code, 0) << look[0];
    EXPECT_EQ(bytes(), before) << look[0];
  }
}

TEST_F(Looking, WorksBesideAWriterAndChangesNoByte) {
  RunningCommand writer({"stream", store_});
  writer.write("{\"create\":{\"external_id\":\"u4\"}}\n");
  writer.read_line();
  const std::string before = bytes();
  for (const auto& look : looks()) {
    EXPECT_EQ(run(look).exit_code, 0) << look[0];
    EXPECT_EQ(bytes(), before) << look[0];
  }
  EXPECT_EQ(objects_of(run({"dump", store_}).out).size(), 4u);
}

// The process that writes goes on meanwhile: what it has written is there, and nothing else.
TEST_F(Looking, AgainAndAgainChangesNoByte) {
  RunningCommand writer({"stream", store_});
  RunningCommand stats({"stats", store_, "--every", "1s", "--json"});
  RunningCommand changes({"changes", store_, "--follow", "--json"});
  stats.read_line();
  writer.write("{\"create\":{\"external_id\":\"u4\"}}\n");
  writer.read_line();
  const std::string before = bytes();
  const auto names = files();
  while (number_at(boost::json::parse(stats.read_line()), "revision") < 4) {
  }
  while (number_at(boost::json::parse(changes.read_line()), "revision") < 4) {
  }
  EXPECT_EQ(bytes(), before);
  EXPECT_EQ(files(), names);
  for (RunningCommand* look : {&stats, &changes}) {
    look->signal(SIGINT);
    EXPECT_EQ(look->finish().exit_code, 130);
  }
  EXPECT_EQ(bytes(), before);
}

TEST_F(Looking, MakesNothing) {
  TempDir empty;
  const std::string missing = (empty / "missing.db").string();
  for (const char* look : {"list", "keys", "dump", "info", "stats", "verify"}) {
    const Finished finished = run({look, missing, "--json"});
    EXPECT_EQ(finished.exit_code, 3) << look;
    EXPECT_EQ(text_at(boost::json::parse(finished.err), "error.code"), "not_a_store");
  }
  EXPECT_TRUE(std::filesystem::is_empty(empty.path()));
}

TEST_F(Looking, RefusesWhatIsNoStore) {
  const std::string file = write_file(folder_ / "text", "this is no database, whatever its name may say");
  for (const char* look : {"list", "keys", "dump", "info", "stats", "verify"}) {
    const Finished finished = run({look, file, "--json"});
    EXPECT_EQ(finished.exit_code, 3) << look;
    EXPECT_EQ(text_at(boost::json::parse(finished.err), "error.code"), "not_a_store");
  }
}

TEST_F(Looking, InfoCounts) {
  const auto info = boost::json::parse(run({"info", store_, "--json"}).out);
  EXPECT_EQ(text_at(info, "store"), store_);
  EXPECT_EQ(number_at(info, "users"), 3);
  EXPECT_EQ(number_at(info, "tags"), 3);
  EXPECT_EQ(number_at(info, "tag_keys"), 2);
  EXPECT_EQ(number_at(info, "tag_values"), 3);
  EXPECT_EQ(number_at(info, "revision"), 3);
  EXPECT_EQ(number_at(info, "database_bytes"), static_cast<std::int64_t>(std::filesystem::file_size(store_)));
  EXPECT_NE(run({"info", store_}).out.find("users     3\n"), std::string::npos);
}

TEST_F(Looking, VerifySaysOkOrWhatIsWrong) {
  const auto report = boost::json::parse(run({"verify", store_, "--json"}).out);
  EXPECT_EQ(at(report, "ok"), true);
  EXPECT_EQ(number_at(report, "users"), 3);
  EXPECT_EQ(number_at(report, "changes"), 3);
  EXPECT_EQ(text_at(report, "digest").size(), 32u);
  EXPECT_EQ(serialize(at(report, "problems")), "[]");
  EXPECT_EQ(run({"verify", store_}).out.substr(0, 4), "ok: ");
}

// What keeps a store from being opened is a finding like others.
TEST_F(Looking, VerifyReportsAFileThatCannotBeOpened) {
  std::filesystem::resize_file(store_, std::filesystem::file_size(store_) - 8192);
  const Finished people = run({"verify", store_});
  EXPECT_EQ(people.exit_code, 1);
  EXPECT_EQ(people.out.substr(0, 6), "open: ");
  const Finished finished = run({"verify", store_, "--json"});
  EXPECT_EQ(finished.exit_code, 1);
  EXPECT_EQ(finished.err, "");
  const auto report = boost::json::parse(finished.out);
  EXPECT_EQ(at(report, "ok"), false);
  EXPECT_EQ(text_at(report, "problems.0.kind"), "open");
}

TEST_F(Looking, VerifyAnswersAnErrorWhereThereIsNoStore) {
  EXPECT_EQ(run({"verify", store_ + ".none"}).exit_code, 3);
}

TEST_F(Looking, DumpStopsQuietlyWhenNobodyReads) {
  std::string lines;
  for (int i = 0; i < 20'000; ++i) lines += "{\"external_id\":\"n" + std::to_string(i) + "\"}\n";
  ASSERT_EQ(run({"load", store_, "-", "--format", "jsonl"}, lines).exit_code, 0);
  RunningCommand dump({"dump", store_});
  dump.read_line();
  dump.close_output();
  const Finished finished = dump.finish();
  EXPECT_EQ(finished.exit_code, 0);
  EXPECT_EQ(finished.err, "");
}

}   // namespace
}   // namespace usertags::test
