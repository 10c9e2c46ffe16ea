#include <gtest/gtest.h>
#include <sys/resource.h>

#include <csignal>
#include <string>

#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

class Load : public testing::Test {
 protected:
  Finished load(const std::string& name, std::string_view content, std::vector<std::string> options = {}) {
    std::vector<std::string> arguments = {"load", store_, write_file(folder_ / name, content), "--init",
                                          "--json"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    return run(arguments);
  }

  // external_id{key=value,…} of every user.
  std::vector<std::string> users() {
    std::vector<std::string> all;
    for (const auto& user : objects_of(run({"dump", store_}).out)) {
      std::string text = text_at(user, "external_id") + '{';
      for (const auto& tag : user.at("tags").as_array()) {
        text += text_at(tag, "key") + '=' + text_at(tag, "value") + ',';
      }
      all.push_back(text + '}');
    }
    return all;
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
};

using Names = std::vector<std::string>;

TEST_F(Load, TakesCsvWhereAnEmptyCellIsNoTag) {
  const Finished loaded = load("people.csv", "tier,external_id,city\ngold,a,\"Köln, Süd\"\n,b,\r\n");
  EXPECT_EQ(loaded.exit_code, 0) << loaded.err;
  EXPECT_EQ(loaded.out, "{\"loaded\":2,\"rejected\":0,\"revision\":2}\n");
  EXPECT_EQ(users(), (Names{"a{city=Köln, Süd,tier=gold,}", "b{}"}));
}

TEST_F(Load, TakesTheExternalIdFromTheColumnThatIsNamedOrTheFirst) {
  EXPECT_EQ(load("one.csv", "mail,tier\na@x,gold\n").exit_code, 0);
  EXPECT_EQ(load("two.csv", "tier,mail\ngold,b@x\n", {"--id-column", "mail"}).exit_code, 0);
  EXPECT_EQ(users(), (Names{"a@x{tier=gold,}", "b@x{tier=gold,}"}));
}

TEST_F(Load, KeepsBadRowsWithTheirLineAndReason) {
  const std::string rejects = (folder_ / "rejects.jsonl").string();
  const Finished loaded = load("people.csv",
                               "external_id,tier\n"
                               "a,gold\n"
                               "b\n"
                               "\"c\nc\",x/y\n"
                               "a,silver\n"
                               "\"d\"d,x\n"
                               ",x\n"
                               "e,gold\n",
                               {"--rejects", rejects});
  EXPECT_EQ(loaded.exit_code, 1);
  EXPECT_EQ(loaded.err, "");
  EXPECT_EQ(loaded.out, "{\"loaded\":2,\"rejected\":5,\"revision\":2}\n");
  EXPECT_EQ(users(), (Names{"a{tier=gold,}", "e{tier=gold,}"}));
  const auto rejected = objects_of(read_file(rejects));
  ASSERT_EQ(rejected.size(), 5u);
  const auto expect = [&](std::size_t i, int line, std::string_view code, std::string_view input) {
    EXPECT_EQ(number_at(rejected[i], "line"), line);
    EXPECT_EQ(text_at(rejected[i], "error.code"), code);
    EXPECT_EQ(text_at(rejected[i], "input"), input);
  };
  expect(0, 3, "invalid_argument", "b");
  expect(1, 4, "batch_refused", "\"c\nc\",x/y");
  expect(2, 6, "user_exists", "a,silver");
  expect(3, 7, "invalid_argument", "\"d\"d,x");
  expect(4, 8, "invalid_argument", ",x");
  EXPECT_EQ(text_at(rejected[1], "error.violations.0.reason"), "forbidden_character");
  EXPECT_EQ(text_at(rejected[0], "error.message"), "1 field, but the header has 2");
}

TEST_F(Load, TellsTheFirstBadRowsWhereNobodyKeepsThem) {
  std::string content = "external_id\n";
  for (int i = 0; i < 25; ++i) content += "same\n";
  const Finished loaded = run({"load", store_, write_file(folder_ / "people.csv", content), "--init"});
  EXPECT_EQ(loaded.exit_code, 1);
  EXPECT_EQ(loaded.out, "1 user loaded, 24 rows rejected\n");
  const auto told = lines_of(loaded.err);
  ASSERT_EQ(told.size(), 11u);
  EXPECT_EQ(told[0].substr(0, 31), "usertags: line 3: user_exists: ");
  EXPECT_NE(told[10].find("14 more"), std::string::npos);
}

TEST_F(Load, TakesJsonLinesInBothForms) {
  const Finished loaded = load("people.jsonl",
                               "{\"external_id\":\"a\",\"tags\":{\"k\":\"1\"}}\n"
                               "{\"id\":\"user_x\",\"external_id\":\"b\",\"revision\":7,"
                               "\"tags\":[{\"key\":\"k\",\"value\":\"2\"}]}\n"
                               "{\"external_id\":\"c\",\"tags\":{\"k\":\"1\",\"k\":\"2\"}}\n");
  EXPECT_EQ(loaded.out, "{\"loaded\":2,\"rejected\":1,\"revision\":2}\n");
  EXPECT_EQ(users(), (Names{"a{k=1,}", "b{k=2,}"}));
  const auto error = boost::json::parse(loaded.err);
  EXPECT_EQ(number_at(error, "error.line"), 3);
  EXPECT_NE(text_at(error, "error.message").find("tags.k is repeated"), std::string::npos);
}

TEST_F(Load, TakesInWhatDumpPrints) {
  ASSERT_EQ(load("people.csv", "external_id,a,b\nu1,\"x \"\"y\"\"\n\",ö\nu2,1,\nu3,,\n").exit_code, 0);
  const Finished dumped = run({"dump", store_});
  EXPECT_EQ(dumped.exit_code, 0);
  EXPECT_EQ(dumped.out, run({"list", store_, "--json"}).out);
  const std::string copy = (folder_ / "copy.db").string();
  EXPECT_EQ(run({"load", copy, "-", "--format", "jsonl", "--init"}, dumped.out).exit_code, 0);
  auto originals = objects_of(dumped.out);
  auto copies = objects_of(run({"dump", copy}).out);
  for (auto& user : originals) user.erase("id");
  for (auto& user : copies) user.erase("id");
  EXPECT_EQ(copies, originals);
}

TEST_F(Load, TakesMoreRowsThanOneGroup) {
  std::string content = "external_id,n\n";
  for (int i = 0; i < 10'000; ++i) content += "u" + std::to_string(i) + ',' + std::to_string(i % 7) + '\n';
  EXPECT_EQ(load("people.csv", content).out, "{\"loaded\":10000,\"rejected\":0,\"revision\":10000}\n");
  EXPECT_EQ(run({"verify", store_}).exit_code, 0);
}

TEST_F(Load, RefusesAFileItCannotReadBeforeItMakesAStore) {
  struct {
    std::vector<std::string> options;
    std::string_view content;
    const char* message;
  } const cases[] = {
      {{"--format", "csv"}, "", "the CSV has no header"},
      {{"--format", "csv"}, "a,b,a\n", "the CSV has the column a twice"},
      {{"--format", "csv", "--id-column", "c"}, "a,b\n", "the CSV has no column c"},
      {{"--format", "csv"},
       "a,\"b\n",
       "the header of the CSV: the quote that is opened on line 1 is not closed"},
  };
  for (const auto& [options, content, message] : cases) {
    const Finished loaded = load("people", content, options);
    EXPECT_EQ(loaded.exit_code, 2) << message;
    EXPECT_EQ(text_at(boost::json::parse(loaded.err), "error.message"), message);
  }
  EXPECT_EQ(load("people.txt", "a\n").exit_code, 2);
  EXPECT_EQ(load("people.jsonl", "", {"--id-column", "a"}).exit_code, 2);
  EXPECT_EQ(load("people.csv", "a\n", {"--format", "xml"}).exit_code, 2);
  EXPECT_EQ(run({"load", store_, (folder_ / "none.csv").string(), "--init"}).exit_code, 3);
  EXPECT_FALSE(std::filesystem::exists(store_));
}

TEST_F(Load, CountsEachLineThatAnOpenQuoteReaches) {
  const Finished loaded = load("people.csv", "external_id,tier\na,gold\nb,\"open\nc,x\nd,y\n");
  EXPECT_EQ(loaded.out, "{\"loaded\":1,\"rejected\":3,\"revision\":1}\n");
  const auto told = objects_of(loaded.err);
  ASSERT_EQ(told.size(), 3U);
  for (std::size_t i = 0; i < told.size(); ++i) {
    EXPECT_EQ(number_at(told[i], "error.line"), static_cast<std::int64_t>(i) + 3);
    EXPECT_NE(text_at(told[i], "error.message").find("opened on line 3"), std::string::npos);
  }
}

TEST_F(Load, TakesAnotherDelimiterWhereItIsNamed) {
  EXPECT_EQ(load("sep.csv", "sep=;\r\nexternal_id;tier\r\na;gold, or so\r\n").exit_code, 0);
  EXPECT_EQ(load("semicolon.csv", "external_id;tier\nb;gold\n", {"--delimiter", ";"}).exit_code, 0);
  EXPECT_EQ(load("tab.csv", "external_id\ttier\nc\tgold\n", {"--delimiter", "tab"}).exit_code, 0);
  EXPECT_EQ(users(), (Names{"a{tier=gold, or so,}", "b{tier=gold,}", "c{tier=gold,}"}));
  for (const char* header : {"external_id;tier\n", "external_id\ttier\n", "external_id|tier\n"}) {
    const Finished refused = load("people.csv", header + std::string("d,gold\n"));
    EXPECT_EQ(refused.exit_code, 2);
    EXPECT_NE(refused.err.find("--delimiter"), std::string::npos) << refused.err;
  }
}

TEST_F(Load, RefusesAFileWhoseOnlyLineMayBeARow) {
  EXPECT_EQ(load("people.csv", "a,gold\n").exit_code, 2);
  EXPECT_EQ(load("people.csv", "external_id,tier\ra,gold\r").exit_code, 2);
  EXPECT_FALSE(std::filesystem::exists(store_));
  EXPECT_EQ(load("people.csv", "external_id,tier\n").exit_code, 0);
}

TEST_F(Load, TellsUtf16ForWhatItIs) {
  for (const std::string& text : {std::string("\xFF\xFE"
                                              "a\0\n\0",
                                              6),
                                  std::string("a\0\n\0", 4)}) {
    for (const char* name : {"people.csv", "people.jsonl"}) {
      const Finished refused = load(name, text);
      EXPECT_EQ(refused.exit_code, 2);
      EXPECT_NE(refused.err.find("UTF-16"), std::string::npos) << refused.err;
    }
  }
  EXPECT_FALSE(std::filesystem::exists(store_));
}

TEST_F(Load, PassesOverByteOrderMarkAndBlankLinesInEveryInput) {
  const std::string mark = "\xEF\xBB\xBF";
  EXPECT_EQ(load("people.csv", mark + "external_id\n\na\n\n").exit_code, 0);
  EXPECT_EQ(
      load("people.jsonl", mark + "{\"external_id\":\"b\"}\n\n \r\n{\"external_id\":\"c\"}\n").exit_code, 0);
  const Finished streamed = run({"stream", store_}, mark + "\n{\"create\":{\"external_id\":\"d\"}}\n\nno\n");
  const auto answers = objects_of(streamed.out);
  ASSERT_EQ(answers.size(), 2U) << streamed.out;
  EXPECT_EQ(number_at(answers[1], "error.line"), 4);
  EXPECT_EQ(run({"apply", store_, "a", "--body", "-"},
                mark + "{\"tags\":{\"set\":[{\"key\":\"k\",\"value\":\"v\"}]}}")
                .exit_code,
            0);
  EXPECT_EQ(users(), (Names{"a{k=v,}", "b{}", "c{}", "d{}"}));
}

TEST_F(Load, KeepsRejectsOfAnEarlierRunUnlessForced) {
  const std::string rejects = (folder_ / "rejects.jsonl").string();
  ASSERT_EQ(load("people.csv", "external_id\na\na\n", {"--rejects", rejects}).exit_code, 1);
  const std::string before = read_file(rejects);
  const Finished refused = load("more.csv", "external_id\nb\n", {"--rejects", rejects});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("--force"), std::string::npos);
  EXPECT_EQ(read_file(rejects), before);
  EXPECT_EQ(load("more.csv", "external_id\nb\n", {"--rejects", rejects, "--force"}).exit_code, 0);
  EXPECT_EQ(read_file(rejects), "");
}

TEST_F(Load, SetsThoseWhoAreThereWhereThatIsWanted) {
  ASSERT_EQ(load("people.csv", "external_id,tier,city\na,trial,Rome\nb,gold,\n").exit_code, 0);
  const std::string more = "external_id,tier,seats\na,gold,2\nb,gold,\nc,,3\nc,,4\nd,x/y,\n";
  const Finished loaded = load("more.csv", more, {"--set-existing"});
  EXPECT_EQ(loaded.exit_code, 1);
  EXPECT_EQ(loaded.out, "{\"loaded\":1,\"set\":3,\"rejected\":1,\"revision\":5}\n");
  EXPECT_EQ(users(), (Names{"a{city=Rome,seats=2,tier=gold,}", "b{tier=gold,}", "c{seats=4,}"}));
}

// As after a kill: what is there already is no error, and changes nothing.
TEST_F(Load, CanBeRepeatedWhereItSetsThoseWhoAreThere) {
  std::string content = "external_id,n\n";
  for (int i = 0; i < 6'000; ++i) content += "u" + std::to_string(i) + ',' + std::to_string(i) + '\n';
  const std::size_t half = content.find("u3500,");
  ASSERT_EQ(load("half.csv", content.substr(0, half)).exit_code, 0);
  for (const char* answer : {R"({"loaded":2500,"set":3500,"rejected":0,"revision":6000})",
                             R"({"loaded":0,"set":6000,"rejected":0,"revision":6000})"}) {
    const Finished loaded = load("whole.csv", content, {"--set-existing"});
    EXPECT_EQ(loaded.exit_code, 0) << loaded.err;
    EXPECT_EQ(loaded.out, std::string(answer) + '\n');
  }
}

TEST_F(Load, WritesNoRejectsOverAFileOfAnyStore) {
  namespace fs = std::filesystem;
  const std::string other = (folder_ / "other.db").string();
  ASSERT_EQ(run({"create-user", other, "u", "--init"}).exit_code, 0);
  fs::create_hard_link(other, folder_ / "hard");
  fs::create_symlink("other.db-wal", folder_ / "soft");
  const std::string before = read_file(other);
  for (const std::string& target :
       {other, other + "-wal", other + "-journal", other + ".lock", (folder_ / "hard").string(),
        (folder_ / "soft").string(), store_ + "-wal"}) {
    EXPECT_EQ(load("people.csv", "external_id\na\n", {"--rejects", target, "--force"}).exit_code, 2)
        << target;
  }
  EXPECT_EQ(read_file(other), before);
  EXPECT_FALSE(fs::exists(other + "-wal"));
  EXPECT_FALSE(fs::exists(store_));
}

TEST_F(Load, ALimitOnTheSizeOfFilesIsAnError) {
  std::string content = "external_id\n";
  for (int i = 0; i < 20'000; ++i) content += "u" + std::to_string(i) + '\n';
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const std::string file = write_file(folder_ / "people.csv", content);
  const rlimit small{100 << 10, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const Finished failed = run({"load", store_, file, "--init", "--json"});
  setrlimit(RLIMIT_FSIZE, &before);
  EXPECT_EQ(failed.exit_code, 3) << failed.err;
}

TEST_F(Load, NeverWritesOverTheStoreOrItsInput) {
  const std::string file = write_file(folder_ / "people.csv", "a\nu\n");
  ASSERT_EQ(run({"load", store_, file, "--init"}).exit_code, 0);
  const std::string before = read_file(store_);
  EXPECT_EQ(run({"load", store_, store_, "--format", "csv"}).exit_code, 2);
  EXPECT_EQ(run({"load", store_, file, "--rejects", store_}).exit_code, 2);
  EXPECT_EQ(run({"load", store_, file, "--rejects", store_ + ".lock"}).exit_code, 2);
  EXPECT_EQ(run({"load", store_, file, "--rejects", file}).exit_code, 2);
  EXPECT_EQ(read_file(store_), before);
  EXPECT_EQ(read_file(file), "a\nu\n");
}

TEST_F(Load, KeepsWhatWasLoadedWhenInterrupted) {
  RunningCommand command({"load", store_, "-", "--format", "csv", "--init", "--json"});
  std::string content = "external_id\n";
  for (int i = 0; i < 20'000; ++i) content += "u" + std::to_string(i) + '\n';
  command.write(content + "u5");   // which is not the whole row
  command.signal(SIGINT);
  const Finished finished = command.finish();
  EXPECT_EQ(finished.exit_code, 130);
  if (!std::filesystem::exists(store_)) return;   // interrupted before it was made
  const auto kept = objects_of(run({"dump", store_}).out);
  if (!finished.out.empty()) {
    EXPECT_EQ(kept.size(), static_cast<std::size_t>(number_at(boost::json::parse(finished.out), "loaded")));
  }
  for (std::size_t i = 0; i < kept.size(); ++i)
    ASSERT_EQ(text_at(kept[i], "external_id"), "u" + std::to_string(i));
}

}   // namespace
}   // namespace usertags::test
