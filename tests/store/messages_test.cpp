// What callers read: errors name what was asked and what is there, and every text is one line.
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/answers.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

void expect_one_line(std::string_view text) {
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    EXPECT_TRUE(byte >= 0x20 && byte != 0x7F) << "control character " << int{byte} << " in " << text;
  }
}

template <class Answer>
void expect_message(const Answer& answer, const std::vector<std::string>& names) {
  ASSERT_FALSE(answer);
  const std::string message = answer.error().message();
  expect_one_line(message);
  for (const std::string& name : names) EXPECT_NE(message.find(name), std::string::npos) << message;
}

class Messages : public testing::Test {
 protected:
  TempDir folder_;
  fs::path path_ = folder_ / "users.db";
};

TEST_F(Messages, NameTheBoundTheSizeAndTheCharacter) {
  auto store = must(UserTagStore::open_in_memory());
  must(store.create_user("u"));
  const auto set = [&](const std::string& key, const std::string& value) {
    return store.apply("u", TagBatch().set(key, value));
  };
  expect_message(set(std::string(61, 'k'), ""), {"key_too_long: 61 of 50 characters"});
  expect_message(set("k", std::string(201, 'v')), {"set k: value_too_long: 201 of 200 characters"});
  expect_message(set("a:b", ""), {R"(set "a:b": forbidden_character: ":" at byte 1)"});
  expect_message(set("k", "a\xFF"), {"malformed_utf8 in the value: at byte 1"});
  TagBatch many;
  for (int i = 0; i < 1500; ++i) many.set("k" + std::to_string(i), "");
  expect_message(store.apply("u", many), {"too_many_operations: 1500 of 1024", "too_many_tags: 1024 of 256"});
  expect_message(set(std::string(5'000'000, 'k') + "\n", ""), {"5000001 of 50 characters"});
  EXPECT_LT(set(std::string(5'000'000, 'k'), "").error().message().size(), 1'000u);
  expect_message(store.tag_values("a/b"), {R"("a/b")", R"("/" at byte 1)"});
}

TEST_F(Messages, NameWhatWasAskedAndWhatIsThere) {
  auto store = must(UserTagStore::open_in_memory());
  must(store.create_user("u"));
  expect_message(store.read_at_least(100'000, 0ms), {"revision 1 ", "100000"});
  expect_message(store.apply("u", TagBatch(), {.deadline = std::chrono::steady_clock::now() - 1s}),
                 {"nothing was applied"});
  expect_message(store.find(""), {"the reference is empty"});
  must(store.apply("u", TagBatch().set("a", "b"), {.token = "T"}));
  expect_message(store.apply("u", TagBatch().set("a", "c"), {.token = "T"}), {"\"T\"", "at revision 2"});
  const auto other = std::move(store);
  expect_message(store.find("u"), {"moved from"});   // NOLINT(bugprone-use-after-move)
}

TEST_F(Messages, QuoteEveryPath) {
  Options options;
  options.create_if_missing = false;
  expect_message(UserTagStore::open(path_, options), {"'" + path_.string() + "'", "create_if_missing"});
  expect_message(UserTagStore::open(folder_ / "no\nsuch" / "x.db"), {R"(no\x0asuch')"});
  expect_message(UserTagStore::open(folder_.path()), {"'" + folder_.path().string() + "'"});
  const auto store = must(UserTagStore::open(path_));
  expect_message(UserTagStore::open(path_), {"'" + path_.string() + "'", "this process"});
}

TEST_F(Messages, AreOneLineWhereSqliteTellsManyProblems) {
  {
    auto store = must(UserTagStore::open(path_));
    for (int i = 0; i < 500; ++i) must(store.create_user("u" + std::to_string(i), {{"tier", "gold"}}));
    must(store.close());
  }
  std::fstream file(path_, std::ios::in | std::ios::out | std::ios::binary);
  const auto size = static_cast<std::streamoff>(fs::file_size(path_));
  for (std::streamoff at = 4096 * 4; at < size; at += 4096) {
    file.seekp(at + 3);
    file.put('\x7f').put('\x7f').put('\x7f').put('\x7f').put('\x7f');
  }
  file.close();
  const auto adoption = UserTagStore::adopt(path_, {.dry_run = true});
  ASSERT_FALSE(adoption);
  expect_one_line(adoption.error().message());
}

TEST_F(Messages, OfTheLogTellWhatHappenedToTheStore) {
  std::vector<std::string> lines;
  Options options;
  options.log = [&](LogLevel level, std::string_view line) {
    expect_one_line(line);
    if (level == LogLevel::info) lines.emplace_back(line);
  };
  const auto told = [&](std::string_view what) {
    for (const std::string& line : lines) {
      if (line.contains(what)) return true;
    }
    return false;
  };
  auto store = must(UserTagStore::open(path_, options));
  must(store.create_user("u"));
  for (const std::string suffix : {"", "-wal"})
    fs::copy_file(path_.string() + suffix, (folder_ / "killed.db").string() + suffix);
  must(must(UserTagStore::open(folder_ / "killed.db", options)).close());
  must(store.backup(folder_ / "copy\n.db"));
  must(store.compact());
  must(store.close());
  EXPECT_TRUE(told("the store was not closed: its changes up to revision 1 are in the file"));
  EXPECT_TRUE(told("opened '" + path_.string() + "' for writing: 0 users at revision 0"));
  EXPECT_TRUE(told(R"(copy\x0a.db')"));
  EXPECT_TRUE(told("compacted '" + path_.string() + "'"));
  EXPECT_TRUE(told("closed '" + path_.string() + "' at revision 1"));
}

}   // namespace
}   // namespace usertags::test
