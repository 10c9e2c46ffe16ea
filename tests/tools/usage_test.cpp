// What every command has: help, and an answer to wrong usage.
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "commands/commands.hpp"
#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

std::vector<std::string> examples_of(const std::string& help) {
  std::vector<std::string> examples;
  for (const std::string& line : lines_of(help.substr(help.find("\nExamples:\n") + 11))) {
    if (!line.starts_with("  ")) continue;
    const bool goes_on = !examples.empty() && examples.back().ends_with('\\');
    goes_on ? void(examples.back() += '\n' + line) : examples.push_back(line);
  }
  return examples;
}

constexpr std::string_view kIdInExamples = "user_01jg8c0vzre5xs8nh3dr42wr8f";

// What the examples name: alice, who is at revision 7, and whose id is written into the example.
void make_files(const TempDir& folder, std::string& example) {
  const std::string store = (folder / "users.db").string();
  for (int n = 1; n <= 4; ++n) run({"create-user", store, "user " + std::to_string(n), "--init"});
  run({"create-user", store, "carol", "--set", "trial_until=1600000000", "--set", "team=research"});
  run({"create-user", store, "--", "--odd-name"});
  const Finished alice =
      run({"create-user", store, "alice@example.com", "--set", "tier=trial", "--set", "trial=yes", "--json"});
  ASSERT_EQ(number_at(boost::json::parse(alice.out), "revision"), 7);
  const std::size_t id = example.find(kIdInExamples);
  if (id != std::string::npos)
    example.replace(id, kIdInExamples.size(), text_at(boost::json::parse(alice.out), "data.id"));
  run({"create-user", (folder / "other.db").string(), "dora", "--init"});
  write_file(folder / "service.prom", run({"stats", store, "--openmetrics"}).out);
  write_file(folder / "people.csv", "external_id,tier\nerin,gold\n");
  write_file(folder / "export.csv", "email;tier\nfred@example.com;gold\n");
  write_file(folder / "batch.json", R"({"tags":{"set":[{"key":"k","value":"v"}]}})");
  write_file(folder / "writes.jsonl", R"({"create":{"external_id":"gus"}})");
  write_file(folder / "changes.jsonl", R"({"position":)");    // a feed that ended in half a line
  write_file(folder / "audience.jsonl", R"({"position":)");   // likewise
}

// Codes as the help of these says: differences, and nothing to adopt, are answers.
int highest_exit_code(const std::string& command) {
  return command == "diff" || command == "adopt" ? 1 : 0;
}

TEST(Usage, HelpOfEachCommandHasExamples) {
  const std::string all = run({"--help"}).out;
  for (command::MakeCommand* make : command::kCommands) {
    const std::string name = make()->name();
    EXPECT_NE(all.find("\n  " + name + ' '), std::string::npos) << name;
    const Finished help = run({name, "--help"});
    EXPECT_EQ(help.exit_code, 0) << name;
    EXPECT_NE(help.out.find("Usage: usertags " + name + " [options] STORE"), std::string::npos) << help.out;
    const std::size_t examples = help.out.find("\nExamples:\n");
    ASSERT_NE(examples, std::string::npos) << name;
    EXPECT_NE(help.out.find("usertags " + name + ' ', examples), std::string::npos) << name;
    for (const std::string& line : lines_of(help.out)) EXPECT_LE(line.size(), 110u) << line;
  }
}

// In the order of --help, each in a folder with what the examples name. What goes on until ^C gets one, once it has
// said something.
TEST(Usage, TheExamplesRun) {
  std::vector<std::string> commands = {""};   // the help of all
  for (command::MakeCommand* make : command::kCommands) commands.push_back(make()->name());
  for (const std::string& name : commands) {
    const Finished help = name.empty() ? run({"--help"}) : run({name, "--help"});
    for (std::string example : examples_of(help.out)) {
      const TempDir folder;
      make_files(folder, example);
      const bool goes_on = example.contains("--follow") || example.contains("--every");
      const Finished finished =
          goes_on ? interrupt_in_shell(folder.path(), example) : run_in_shell(folder.path(), example);
      const std::string said = example + '\n' + finished.out + finished.err;
      if (goes_on) {
        EXPECT_EQ(finished.exit_code, 130) << said;
      } else {
        EXPECT_GE(finished.exit_code, 0) << said;
        EXPECT_LE(finished.exit_code, highest_exit_code(name)) << said;
      }
    }
  }
}

TEST(Usage, IsRefusedInJsonWhereJsonIsAskedFor) {
  const Finished refused = run({"find", "s.db", "--json"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(text_at(boost::json::parse(refused.err), "error.code"), "invalid_argument");
}

// Where there are some, tests/cluster/command_test.py runs them.
TEST(Usage, WithoutClustersItSaysHowToGetThem) {
  if (!command::cluster_commands().empty()) GTEST_SKIP() << "built with USERTAGS_CLUSTER";
  const Finished finished = run({"cluster", "status", "--cluster", "accounts"});
  EXPECT_EQ(finished.exit_code, 2);
  EXPECT_NE(finished.err.find("USERTAGS_CLUSTER=ON"), std::string::npos) << finished.err;
}

TEST(Usage, PrintsTheVersion) {
  EXPECT_EQ(run({"--version"}).out, "usertags " USERTAGS_VERSION "\n");
}

TEST(Usage, IsRefusedInOneLineThatPointsToHelp) {
  const std::vector<std::vector<std::string>> cases = {
      {},
      {"nonsense"},
      {"--nonsense"},
      {"find"},
      {"find", "s.db"},
      {"find", "s.db", "u", "--nonsense"},
      {"info", "s.db", "surplus"},
      {"list", "s.db", "--limit"},
      {"list", "s.db", "--limit", "ten"},
      {"list", "s.db", "--limit", "0"},
      {"list", "s.db", "--limit", "-1"},
      {"list", "s.db", "--limit", "18446744073709551616"},
      {"create-user", "s.db", "u", "--set", "no equals sign"},
      {"apply", "s.db", "u", "--note", "one", "--note", "two"},
      {"apply", "s.db", "u", "--if-revision", "1.5", "--set", "a=b"},
      {"load", "s.db", "file.csv", "--format"},
      {"backup", "s.db"},
      {"backup", "s.db", "-"},
  };
  for (const auto& arguments : cases) {
    const Finished finished = run(arguments);
    std::string words = "usertags";
    for (const std::string& argument : arguments) words += ' ' + argument;
    EXPECT_EQ(finished.exit_code, 2) << words;
    EXPECT_EQ(finished.out, "") << words;
    EXPECT_EQ(lines_of(finished.err).size(), 1u) << finished.err;
    EXPECT_NE(finished.err.find("--help)"), std::string::npos) << finished.err;
  }
}

}   // namespace
}   // namespace usertags::test
