// Bad arguments and bad files, of every command: the exit code, one line on standard error, and nothing that changes on
// disk.
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "commands/commands.hpp"
#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

namespace fs = std::filesystem;

using Words = std::vector<std::string>;

// What each command takes behind STORE, at the least; a file that is to be made is named for its folder.
struct Minimal {
  Words words = {};
  std::string made = {};   // option or argument for a file that is made, and last
  bool takes_more = false;
};
const std::map<std::string, Minimal> kMinimal = {
    {"create-user", {.words = {"new"}}},
    {"delete-user", {.words = {"u1"}}},
    {"apply", {.words = {"u1", "--set", "a=2"}}},
    {"rename-key", {.words = {"a", "c"}}},
    {"stream", {}},
    {"find", {.words = {"u1"}, .takes_more = true}},
    {"list", {}},
    {"select", {.words = {"a"}}},
    {"count", {.words = {"a"}}},
    {"keys", {}},
    {"values", {.words = {"a"}}},
    {"history", {.words = {"u1"}}},
    {"changes", {}},
    {"audience", {.words = {"a"}}},
    {"load", {.words = {"FOLDER/people.csv"}}},
    {"dump", {}},
    {"backup", {.made = "copy.db"}},
    {"diff", {.words = {"FOLDER/other.db"}}},
    {"compact", {}},
    {"settings", {}},
    {"info", {}},
    {"stats", {}},
    {"report", {.words = {"-o"}, .made = "page.html"}},
    {"verify", {}},
    {"adopt", {}},
};

std::string in_words(const Words& words) {
  std::string text = "usertags";
  for (const std::string& word : words) text += " '" + word + '\'';
  return text;
}

// Names, kinds and bytes of what is in a folder; but for the sidecars, which whoever wants to write makes.
std::map<std::string, std::string> contents(const fs::path& folder) {
  std::map<std::string, std::string> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (name.ends_with(".lock") || name.ends_with("-shm")) continue;
    if (name.ends_with("-wal") && entry.file_size() == 0) continue;
    const std::string kind = std::to_string(static_cast<int>(entry.symlink_status().type()));
    files[entry.path().filename()] =
        kind + (entry.is_regular_file() ? read_file(entry.path()) : std::string());
  }
  return files;
}

// The options that --help of a command lists, with what it calls their values.
struct Option {
  std::string name;
  std::string value;   // empty: a flag
};
std::vector<Option> options_of(const std::string& command) {
  const std::string help = run({command, "--help"}).out;
  std::vector<Option> options;
  for (const std::string& line : lines_of(help)) {
    if (!line.starts_with("  -")) continue;
    std::string names = line.substr(2, line.find(' ', 2) - 2);
    names.erase(0, names.find("--"));   // -o,--output
    if (names == "--help") continue;
    const std::size_t value = line.find_first_not_of(' ', 2 + line.substr(2).find(' '));
    const bool is_value = value == 2 + line.substr(2).find(' ') + 1 && line[value - 2] != ' ';
    options.push_back({names, is_value ? line.substr(value, line.find(' ', value) - value) : ""});
  }
  return options;
}

class BadInput : public testing::Test {
 protected:
  void SetUp() override {
    write_file(folder_ / "people.csv", "external_id,a,b\nu1,1,x\nu2,2,\nu3,,\n");
    for (const char* name : {"users.db", "other.db"})
      ASSERT_EQ(run({"load", path(name), path("people.csv"), "--init"}).exit_code, 0);
  }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  // The command's minimal arguments, for this store.
  Words minimal(const std::string& command, const std::string& store) const {
    const Minimal& minimal = kMinimal.at(command);
    Words words = {command, store};
    for (std::string word : minimal.words) {
      if (const std::size_t at = word.find("FOLDER"); at == 0) word.replace(0, 6, folder_.path().string());
      words.push_back(word);
    }
    if (!minimal.made.empty()) words.push_back(path(minimal.made));
    return words;
  }
  Words minimal(const std::string& command) const { return minimal(command, path("users.db")); }

  // Refused with `code`, in one line, and nothing in the folder has changed.
  void expect_refused(const Words& words, int code, const std::string& input = {}) const {
    const auto before = contents(folder_.path());
    const Finished finished = run(words, input);
    const std::string said = in_words(words) + '\n' + finished.out + finished.err;
    EXPECT_EQ(finished.exit_code, code) << said;
    EXPECT_EQ(finished.out, "") << said;
    EXPECT_EQ(lines_of(finished.err).size(), 1U) << said;
    EXPECT_TRUE(finished.err.starts_with("usertags") || finished.err.starts_with("{\"error\":")) << said;
    EXPECT_EQ(contents(folder_.path()), before) << said;
  }

  TempDir folder_;
};

std::vector<std::string> every_command() {
  std::vector<std::string> names;
  for (command::MakeCommand* make : command::kCommands) names.push_back(make()->name());
  return names;
}

// --- Arguments. ---

TEST_F(BadInput, EveryCommandWorksAsTheTableSays) {
  for (const std::string& command : every_command()) {
    const Finished finished = run(minimal(command));
    EXPECT_LE(finished.exit_code, 1) << command
                                     << finished.err;   // load rejects, diff finds, adopt has nothing
    const std::string& made = kMinimal.at(command).made;
    EXPECT_EQ(!made.empty() && fs::exists(path(made)), !made.empty()) << command;
  }
}

TEST_F(BadInput, ArgumentsThatAreNot) {
  for (const std::string& command : every_command()) {
    expect_refused({command}, 2);
    for (const char* unknown : {"--nonsense", "--nonsense=1", "-z", "--json=yes"}) {
      Words words = minimal(command);
      words.emplace_back(unknown);
      expect_refused(words, 2);
    }
    Words words = minimal(command);
    if (!kMinimal.at(command).words.empty() || !kMinimal.at(command).made.empty()) {
      words.pop_back();
      if (command != "apply")
        expect_refused(words, 2);   // where a positional is missing, or the value of an option
    }
    if (kMinimal.at(command).takes_more) continue;
    words = minimal(command);
    words.insert(words.end(), {"surplus", "more"});
    expect_refused(words, 2);
  }
}

TEST_F(BadInput, ValuesOfOptions) {
  std::size_t with_value = 0;
  for (const std::string& command : every_command()) {
    for (const auto& [name, value] : options_of(command)) {
      Words words = minimal(command);
      if (value.empty()) {
        words.push_back(name + "=1");
        expect_refused(words, 2);   // a flag
        continue;
      }
      ++with_value;
      words.push_back(name);
      expect_refused(words, 2);   // its value is missing
      if (value != "N") continue;
      for (const char* wrong :
           {"", "ten", "-1", "+1", "1.5", "1e3", "0x10", " 1", "1 ", "18446744073709551616"}) {
        words = minimal(command);
        words.insert(words.end(), {name, wrong});
        expect_refused(words, 2);
      }
    }
  }
  EXPECT_GT(with_value, 30U);
}

TEST_F(BadInput, ValuesThatAreWrongForTheirOption) {
  const std::string store = path("users.db");
  const std::vector<Words> cases = {
      {"list", store, "--limit", "0"},
      {"list", store, "--after", "nonsense"},
      {"select", store, "a", "--after", "nonsense"},
      {"history", store, "u1", "--limit", "0"},
      {"changes", store, "--limit", "0"},
      {"changes", store, "--after", "nonsense"},
      {"audience", store, "a", "--after", "nonsense"},
      {"values", store, "a", "--top", "0"},
      {"create-user", store, "new", "--set", "no equals sign"},
      {"create-user", store, "new", "--setting", "tags_per_user=5"},
      {"create-user", path("new.db"), "new", "--init", "--setting", "tags_per_user=ten"},
      {"create-user", path("new.db"), "new", "--init", "--setting", "nonsense=1"},
      {"apply", store, "u1", "--set", "a"},
      {"apply", store, "u1", "--token", "", "--set", "a=2"},
      {"apply", store, "u1", "--where", "a", "--set", "a=2"},
      {"apply", store, "--set", "a=2"},
      {"apply", store, "u1", "--set", "a=2", "--everybody"},
      {"apply", store, "u1", "--set", "a=2", "--body", path("people.csv")},
      {"apply", store, "u1", "--body", path("people.csv")},
      {"apply", store, "u1", "--body", path("other.db")},
      {"delete-user", store},
      {"load", store, path("people.csv"), "--format", "xml"},
      {"load", store, path("people.csv"), "--delimiter", "long"},
      {"load", store, path("people.csv"), "--format", "jsonl", "--delimiter", ";"},
      {"load", store, path("people.csv"), "--id-column", "nonsense"},
      {"load", store, path("people.csv"), "--rejects", path("people.csv")},
      {"load", store, path("people.csv"), "--rejects", store},
      {"load", store, path("people.csv"), "--rejects", path("other.db")},
      {"load", store, store},
      {"settings", store, "--set", "nonsense=1"},
      {"settings", store, "--set", "tags_per_user"},
      {"settings", store, "--set", "tags_per_user=0"},
      {"settings", store, "--set", "history_min_age_s=5w"},
      {"stats", store, "--every", "0s"},
      {"stats", store, "--every", "2d"},
      {"stats", store, "--every", "soon"},
      {"stats", store, "--every", "-1s"},
      {"stats", store, "--every", "1s", "--metrics", "-"},
      {"stats", store, "--openmetrics", "--json"},
      {"stats", store, "--openmetrics", "--every", "1s"},
      {"stats", store, "--metrics", path("people.csv")},
      {"report", store, "-o", ""},
      {"report", store, "-o", store, "--force"},
      {"report", store, "-o", path("other.db"), "--force"},
      {"report", store, "-o", store + "-wal"},
      {"report", store, "-o", path("people.csv")},
      {"report", store, "-o", "-", "--json"},
      {"backup", store, "-"},
      {"backup", store, path("other.db")},
      {"backup", store, store, "--force"},
      {"backup", store, store + "-wal"},
  };
  for (const Words& words : cases) expect_refused(words, 2);
}

// A caret under the place makes it two lines more, for people; with --json it is one.
TEST_F(BadInput, SelectorsThatAreNone) {
  for (const char* selector :
       {",", "a,", "a in", "a in (", "=", "any()", "\"a", "a>b", "a~", "\xff", "(a)"}) {
    for (Words words : std::vector<Words>{{"select", path("users.db"), selector},
                                          {"count", path("users.db"), selector},
                                          {"audience", path("users.db"), selector},
                                          {"apply", path("users.db"), "--where", selector, "--set", "a=2"},
                                          {"delete-user", path("users.db"), "--where", selector}}) {
      const auto before = contents(folder_.path());
      words.emplace_back("--json");
      const Finished finished = run(words);
      EXPECT_EQ(finished.exit_code, 2) << in_words(words);
      ASSERT_EQ(lines_of(finished.err).size(), 1U) << in_words(words) << finished.err;
      EXPECT_EQ(text_at(boost::json::parse(finished.err), "error.code"), "invalid_selector") << finished.err;
      words.pop_back();
      EXPECT_EQ(lines_of(run(words).err).size(), 3U) << in_words(words);
      EXPECT_EQ(contents(folder_.path()), before) << in_words(words);
    }
  }
}

// --- Files. ---

// A file that is no store, or not a whole one, at `path`.
struct BadFile {
  const char* name;
  std::function<void(const std::string& path)> make;
  bool is_damaged = false;   // verify finds that, and answers with 1
};

void copy_changed(const std::string& path, const std::function<void(std::string&)>& change) {
  std::string bytes = read_file(fs::path(path).parent_path() / "other.db");
  change(bytes);
  write_file(path, bytes);
}

std::vector<BadFile> bad_files() {
  return {
      {"missing", [](const std::string&) {}},
      {"empty", [](const std::string& path) { write_file(path, ""); }},
      {"a folder", [](const std::string& path) { fs::create_directory(path); }},
      {"text", [](const std::string& path) { write_file(path, std::string(5000, 'x')); }},
      {"one byte", [](const std::string& path) { write_file(path, "S"); }},
      {"the header alone",
       [](const std::string& path) { copy_changed(path, [](std::string& bytes) { bytes.resize(100); }); },
       true},
      {"another application's database",
       [](const std::string& path) {
         copy_changed(path, [](std::string& bytes) { bytes.replace(68, 4, "abcd"); });
       }},
      {"of another format",
       [](const std::string& path) {
         copy_changed(path, [](std::string& bytes) { bytes.replace(60, 4, "abcd"); });
       }},
      {"a pipe", [](const std::string& path) { ASSERT_EQ(mkfifo(path.c_str(), 0600), 0); }},
      {"a link to nowhere",
       [](const std::string& path) { fs::create_symlink(fs::path(path).parent_path() / "nowhere", path); }},
      {"half of a store",
       [](const std::string& path) {
         copy_changed(path, [](std::string& bytes) { bytes.resize(bytes.size() / 2); });
       },
       true},
      {"one page less",
       [](const std::string& path) {
         copy_changed(path, [](std::string& bytes) { bytes.resize(bytes.size() - 8192); });
       },
       true},
  };
}

TEST_F(BadInput, FilesThatAreNoStore) {
  for (const BadFile& bad : bad_files()) {
    SCOPED_TRACE(bad.name);
    for (const std::string& command : every_command()) {
      bad.make(path("bad.db"));
      const Words words = minimal(command, path("bad.db"));
      if (bad.is_damaged && command == "verify") {
        const auto before = contents(folder_.path());
        EXPECT_EQ(run(words).exit_code, 1);
        EXPECT_EQ(contents(folder_.path()), before);
      } else {
        expect_refused(words, 3);
      }
      fs::remove_all(path("bad.db"));
    }
    bad.make(path("bad.db"));
    expect_refused({"diff", path("users.db"), path("bad.db")}, 3);
    fs::remove_all(path("bad.db"));
  }
}

TEST_F(BadInput, FilesBelowAFile) {
  for (const std::string& command : every_command())
    expect_refused(minimal(command, path("people.csv/users.db")), 3);
}

// --init makes a store where there is none, and nowhere else.
TEST_F(BadInput, FilesThatInitLeavesAlone) {
  for (const BadFile& bad : bad_files()) {
    const std::string name = bad.name;
    if (name == "missing" || name == "empty" || name == "a link to nowhere") continue;
    SCOPED_TRACE(name);
    bad.make(path("bad.db"));
    expect_refused({"create-user", path("bad.db"), "new", "--init"}, 3);
    expect_refused({"load", path("bad.db"), path("people.csv"), "--init"}, 3);
    expect_refused({"stream", path("bad.db"), "--init"}, 3);
    fs::remove_all(path("bad.db"));
  }
}

// Input of load, of apply and of stats: the store is as it was.
TEST_F(BadInput, FilesToRead) {
  const std::string store = path("users.db");
  fs::create_directory(path("folder.csv"));
  write_file(path("utf16.csv"), std::string("\xff\xfe"
                                            "e\0x\0",
                                            6));
  write_file(path("empty.csv"), "");
  write_file(path("twice.csv"), "external_id,a,a\nu9,1,2\n");
  write_file(path("cut.json"), R"({"tags":{"set":[{"key":"k")");
  write_file(path("cut.prom"), "usertags_revision 3\nusertags_us");
  for (const char* file : {"missing.csv", "folder.csv"}) {
    expect_refused({"load", store, path(file)}, 3);
    expect_refused({"load", path("new.db"), path(file), "--init"}, 3);
    expect_refused({"apply", store, "u1", "--body", path(file)}, 3);
    expect_refused({"stats", store, "--metrics", path(file)}, 3);
  }
  for (const char* file : {"utf16.csv", "empty.csv", "twice.csv"}) {
    expect_refused({"load", store, path(file)}, 2);
    expect_refused({"load", path("new.db"), path(file), "--init"}, 2);
  }
  expect_refused({"apply", store, "u1", "--body", path("cut.json")}, 2);
  expect_refused({"stats", store, "--metrics", path("cut.prom")}, 2);
  expect_refused({"stats", store, "--metrics", "-"}, 2, "go_goroutines 5\n# EOF\n");
}

// Places where nothing can be made.
TEST_F(BadInput, FilesToMake) {
  const std::string store = path("users.db");
  for (const std::string& place : {path("none/file"), path("people.csv/file")}) {
    expect_refused({"backup", store, place}, 3);
    expect_refused({"report", store, "-o", place}, 3);
    expect_refused({"load", store, path("people.csv"), "--rejects", place}, 3);
    expect_refused({"create-user", place, "new", "--init"}, 3);
    expect_refused({"load", place, path("people.csv"), "--init"}, 3);
  }
}

// As a user who has no rights: root has all.
TEST_F(BadInput, FilesThatMayNotBeRead) {
  const std::string as_nobody = geteuid() == 0 ? "setpriv --reuid=65534 --regid=65534 --clear-groups " : "";
  fs::permissions(folder_.path(), fs::perms(0777));
  fs::permissions(path("users.db"), fs::perms(0));
  for (const std::string& command : every_command()) {
    std::string line = as_nobody + "usertags";
    for (const std::string& word : minimal(command)) line += " '" + word + '\'';
    const Finished finished = run_in_shell(folder_.path().string(), line);
    EXPECT_EQ(finished.exit_code, 3) << line << finished.err;
    EXPECT_NE(finished.err.find("permission_denied"), std::string::npos) << line << finished.err;
  }
}

}   // namespace
}   // namespace usertags::test
