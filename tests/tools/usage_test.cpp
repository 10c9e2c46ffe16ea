// What every command has: help, and an answer to wrong usage.
#include <gtest/gtest.h>

#include <string>
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

Finished run_example(const std::string& example) {
  const TempDir folder;
  const std::string store = (folder / "users.db").string();
  for (const char* user : {"alice@example.com", "carol"}) {
    run({"create-user", store, user, "--init", "--set", "tier=trial", "--set", "trial=yes"});
  }
  run({"create-user", store, "--", "--odd-name"});
  run({"create-user", (folder / "other.db").string(), "dora", "--init"});
  write_file(folder / "people.csv", "external_id,tier\nerin,gold\n");
  write_file(folder / "export.csv", "email;tier\nfred@example.com;gold\n");
  write_file(folder / "batch.json", R"({"tags":{"set":[{"key":"k","value":"v"}]}})");
  write_file(folder / "writes.jsonl", R"({"create":{"external_id":"gus"}})");
  write_file(folder / "changes.jsonl", R"({"position":)");
  return run_in_shell(folder.path(), example);
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

// In the order of --help, each in a folder with what the examples name; a feed that ends in half a line is
// one of the things that are there on the first day. The one that ends with ^C only is not run.
TEST(Usage, TheExamplesRun) {
  for (command::MakeCommand* make : command::kCommands) {
    const std::string name = make()->name();
    for (const std::string& example : examples_of(run({name, "--help"}).out)) {
      if (example.contains("--follow")) continue;
      const Finished finished = run_example(example);
      EXPECT_LE(finished.exit_code, 1) << example << '\n' << finished.err;
    }
  }
}

TEST(Usage, IsRefusedInJsonWhereJsonIsAskedFor) {
  const Finished refused = run({"find", "s.db", "--json"});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_EQ(text_at(boost::json::parse(refused.err), "error.code"), "invalid_argument");
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
