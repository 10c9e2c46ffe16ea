// dump --exact and load --exact, as a shell runs them.
#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

class Exact : public testing::Test {
 protected:
  void SetUp() override {
    const std::string file = write_file(
        folder_ / "people.csv", "external_id,a,b\nu1,1,x\nu2,\"<b>\"\"\\\",\nu3,,\nu4,ключ,\"line\nend\"\n");
    ASSERT_EQ(run({"load", store_, file, "--init", "--setting", "tags_per_user=7"}).exit_code, 0);
    for (const std::vector<std::string>& arguments : std::vector<std::vector<std::string>>{
             {"delete-user", store_, "u1"},
             {"create-user", store_, "u1", "--set", "a=again", "--token", "t"},
             {"apply", store_, "u3", "--set", "b=\u202e", "--note", "why"},
             {"create-user", store_, "u5"},
             {"delete-user", store_, "u5"},
             {"settings", store_, "--set", "history_min_changes=3"}}) {
      ASSERT_EQ(run(arguments).exit_code, 0);
    }
    dump_ = run({"dump", store_, "--exact"}).out;
    lines_ = lines_of(dump_);
    ASSERT_EQ(lines_.size(), 6U);
  }
  Finished load(std::string_view input) const {
    return run({"load", copy_, "-", "--exact", "--json"}, input);
  }
  static std::string digest_of(const std::string& store) {
    return text_at(objects_of(run({"verify", store, "--json"}).out).at(0), "digest");
  }
  std::string text(const std::vector<std::string>& lines) const {
    std::string all;
    for (const std::string& line : lines) all += line + '\n';
    return all;
  }
  void expect_refused(const std::vector<std::string>& lines, std::int64_t line, std::string_view code,
                      std::string_view message) const {
    const Finished refused = load(text(lines));
    EXPECT_EQ(refused.exit_code, 1) << message;
    EXPECT_EQ(refused.out, "");
    const auto error = boost::json::parse(refused.err).at("error");
    EXPECT_EQ(text_at(error, "code"), code);
    EXPECT_NE(text_at(error, "message").find(message), std::string::npos) << text_at(error, "message");
    EXPECT_EQ(number_at(error, "line"), line) << message;
    EXPECT_EQ(names(), names_) << message;
  }
  std::vector<std::string> names() const {
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(folder_.path()))
      names.push_back(entry.path().filename());
    std::ranges::sort(names);
    return names;
  }
  static std::string replaced(std::string text, std::string_view from, std::string_view to) {
    const std::size_t at = text.find(from);
    EXPECT_NE(at, std::string::npos) << from;
    return text.replace(at, from.size(), to);
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
  const std::string copy_ = (folder_ / "copy.db").string();
  std::string dump_;
  std::vector<std::string> lines_;
  std::vector<std::string> names_;
};

TEST_F(Exact, AStoreThatWentThroughIsTheSame) {
  const Finished loaded = load(dump_);
  ASSERT_EQ(loaded.exit_code, 0) << loaded.err;
  const std::string digest = digest_of(store_);
  EXPECT_EQ(loaded.out, "{\"loaded\":4,\"revision\":9,\"digest\":\"" + digest + "\"}\n");
  EXPECT_EQ(digest_of(copy_), digest);
  EXPECT_EQ(run({"dump", copy_, "--exact"}).out, dump_);
  EXPECT_EQ(run({"diff", store_, copy_, "--exact"}).exit_code, 0);
  EXPECT_EQ(objects_of(run({"settings", copy_, "--json"}).out), [&] {
    auto settings = objects_of(run({"settings", store_, "--json"}).out);
    settings.at(0)["changes_that_may_go"] = 0;
    return settings;
  }());
  EXPECT_EQ(number_at(objects_of(run({"info", copy_, "--json"}).out).at(0), "log_floor"), 10);
}

// Users may have more tags than the limit allows by now.
TEST_F(Exact, ALimitThatWasLoweredComesAlong) {
  ASSERT_EQ(run({"settings", store_, "--set", "tags_per_user=1"}).exit_code, 0);
  const std::string dump = run({"dump", store_, "--exact"}).out;
  ASSERT_EQ(load(dump).exit_code, 0);
  EXPECT_EQ(run({"dump", copy_, "--exact"}).out, dump);
  EXPECT_EQ(digest_of(copy_), digest_of(store_));
  const Finished refused = run({"apply", copy_, "u4", "--set", "c=1", "--json"});
  EXPECT_EQ(refused.exit_code, 1);
  EXPECT_NE(refused.err.find("too_many_tags: 3 of 1"), std::string::npos) << refused.err;
}

TEST_F(Exact, SaysWhatItIs) {
  EXPECT_EQ(lines_.front().substr(0, 35), R"({"usertags_exact":1,"revision":9,"l)");
  EXPECT_EQ(lines_.back(), "{\"users\":4,\"digest\":\"" + digest_of(store_) + "\"}");
  const std::string plain = run({"dump", store_}).out;
  EXPECT_EQ(text({lines_.begin() + 1, lines_.end() - 1}), plain);
  const Finished people = run({"load", copy_, "-", "--exact"}, dump_);
  EXPECT_EQ(people.out, "4 users loaded, revision 9, digest " + digest_of(store_) + "\n");
}

TEST_F(Exact, OfAnEmptyStoreIsOne) {
  const std::string empty = (folder_ / "empty.db").string();
  ASSERT_EQ(run({"load", empty, "-", "--format", "jsonl", "--init"}, "").exit_code, 0);
  const std::string dump = run({"dump", empty, "--exact"}).out;
  ASSERT_EQ(load(dump).exit_code, 0);
  EXPECT_EQ(run({"dump", copy_, "--exact"}).out, dump);
}

TEST_F(Exact, RefusesWhatWasCutShort) {
  names_ = names();
  const std::string cut = "was cut short";
  for (std::size_t length = 1; length < lines_.size(); ++length)
    expect_refused({lines_.begin(), lines_.begin() + static_cast<std::ptrdiff_t>(length)},
                   static_cast<std::int64_t>(length), "invalid_argument", cut);
  const Finished nothing = load("");
  EXPECT_EQ(nothing.exit_code, 1);
  EXPECT_NE(nothing.err.find("there is no line"), std::string::npos) << nothing.err;
  auto lines = lines_;
  lines.back().resize(20);   // within the last line
  expect_refused(lines, 6, "invalid_argument", "not JSON");
}

TEST_F(Exact, RefusesALineThatIsWrongByItsNumber) {
  names_ = names();
  const auto spoiled = [&](std::size_t line, std::string_view from, std::string_view to) {
    auto lines = lines_;
    lines[line - 1] = replaced(lines[line - 1], from, to);
    return lines;
  };
  const auto without = [&](std::size_t line) {
    auto lines = lines_;
    lines.erase(lines.begin() + static_cast<std::ptrdiff_t>(line) - 1);
    return lines;
  };
  const auto twice = [&](std::size_t line) {
    auto lines = lines_;
    lines.insert(lines.begin() + static_cast<std::ptrdiff_t>(line), lines[line - 1]);
    return lines;
  };
  const std::string bad = "invalid_argument";
  expect_refused(without(1), 1, bad, "not the header");
  expect_refused(spoiled(1, ":1,", ":2,"), 1, bad, "form 2");
  expect_refused(spoiled(1, ":1,", ":1,\"more\":1,"), 1, bad, "no member more");
  expect_refused(spoiled(1, "\"tags_per_user\":7,", ""), 1, bad, "tags_per_user is missing");
  expect_refused(spoiled(1, "\"tags_per_user\":7,", "\"tags_per_user\":0,"), 1, bad, "tags_per_user");
  expect_refused(spoiled(1, "\"revision\":9", "\"revision\":18446744073709551615"), 1, bad, "out of range");
  expect_refused(spoiled(1, "\"revision\":9", "\"revision\":6"), 3, bad, "is not one of the store's");
  expect_refused(spoiled(1, "\"last_id\":\"user_0", "\"last_id\":\"user_8"), 1, bad, "which is no id");
  expect_refused(spoiled(1, "\"last_id\":\"user_", "\"last_id\":\"user-"), 1, bad, "which is no id");
  expect_refused(spoiled(3, "\"tags\":[", "\"tags\":[1,"), 3, bad, "tags[0]");
  expect_refused(spoiled(3, "\"u3\"", "\"u4\""), 3, bad, "is not one of the external id");
  expect_refused(spoiled(3, "\"revision\":7", "\"revision\":2"), 3, bad, "earlier user");
  expect_refused(spoiled(2, "\"key\":\"a\"", "\"key\":\"a/b\""), 2, "batch_refused", "forbidden_character");
  expect_refused(twice(3), 4, bad, "is not greater");
  expect_refused(without(3), 5, bad, "there are 3 users");
  expect_refused(spoiled(2, "\"key\":\"a\"", "\"key\":\"b\""), 6, bad, "digest");
  expect_refused(twice(6), 7, bad, "there is more");
}

TEST_F(Exact, MakesNewStoresOnly) {
  ASSERT_EQ(load(dump_).exit_code, 0);
  const std::string before = read_file(copy_);
  const Finished again = load(dump_);
  EXPECT_EQ(again.exit_code, 2);
  EXPECT_EQ(text_at(boost::json::parse(again.err), "error.code"), "invalid_argument");
  EXPECT_EQ(read_file(copy_), before);
  for (const std::vector<std::string>& options : std::vector<std::vector<std::string>>{
           {"--init"}, {"--set-existing"}, {"--format", "csv"}, {"--id-column", "a"}}) {
    std::vector<std::string> arguments = {"load", (folder_ / "other.db").string(), "-", "--exact"};
    arguments.insert(arguments.end(), options.begin(), options.end());
    EXPECT_EQ(run(arguments, dump_).exit_code, 2);
  }
}

TEST_F(Exact, LeavesNothingWhenInterrupted) {
  names_ = names();
  RunningCommand loading({"load", copy_, "-", "--exact"});
  // More than a pipe holds: when it is written, the command reads.
  loading.write(text({lines_.begin(), lines_.end() - 1}) + std::string(300'000, '\n'));
  loading.signal(SIGINT);
  EXPECT_EQ(loading.finish().exit_code, 130);
  EXPECT_EQ(names(), names_);
}

}   // namespace
}   // namespace usertags::test
