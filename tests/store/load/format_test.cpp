// The frozen files. tests/data/format-4.db is of this version: what a release has written is read by all that
// follow, to the byte. format-1.db is of one before the first release, which is refused by name. A README
// line tells how they were made.
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "model/digest.hpp"
#include "model/record.hpp"
#include "support/answers.hpp"
#include "support/rewrite.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

namespace fs = std::filesystem;

constexpr const char* kFrozen = USERTAGS_TEST_DATA "/format-4.db";
constexpr std::string_view kDigest = "7e7f9a0bcd9a83456b29bfee71e68efb";
constexpr std::uint64_t kRevision = 15;
constexpr std::string_view kDeletedIds[] = {"user_01m8hwz71hexk8k695jf2hqd1r",
                                            "user_01m8hwz71hexksasygarjnbjsc"};

using TagTexts = std::vector<std::pair<std::string, std::string>>;

struct KnownUser {
  std::string id;
  std::string external_id;
  std::uint64_t revision = 0;
  TagTexts tags;

  bool operator==(const KnownUser&) const = default;
};

void PrintTo(const KnownUser& user, std::ostream* out) {
  *out << user.id << " (" << testing::PrintToString(user.external_id) << ") at " << user.revision << ": "
       << testing::PrintToString(user.tags);
}

std::string repeat(std::size_t count, std::string_view text) {
  std::string result;
  while (count-- > 0) result += text;
  return result;
}

// In the order of creation, the tags in bytewise order of their keys.
std::vector<KnownUser> known_users() {
  return {
      {"user_01m8hwz6wte4qvedd0atsws4rx",
       "user_ext_123",
       9,
       {{"department", "engineering"}, {"region", "emea"}, {"tier", "gold"}}},
      {"user_01m8hwz6wte4rb0kz5nxtqm3vp", "-", 2, {}},
      {"user_01m8hwz6wte4rt9ajy0af7j2yz",
       R"(O'Brien "Bob" \ <b>&amp;</b> %s)",
       3,
       {{R"(back\slash)", R"(\")"},
        {"it's", "''"},
        {"json", "{}"},
        {"null", "null"},
        {R"(say "hi")", R"("")"},
        {"sql", "'; DROP TABLE user; --"}}},
      {"user_01m8hwz6wte4s811fnrbwthf7y",
       "line\nbreak\x01",
       10,
       {{"\x01", "\x02\x1F\x7F"}, {"empty", ""}, {"tab\there", "a\tb"}}},
      {"user_01m8hwz6wte4ssv8q16xa6r0a2",
       "ユーザー・Ω",
       15,
       {{"größe", "größer"},
        {"\xC3\xA9", "composed"},                                     // U+00E9
        {"\xEF\xBF\xBF", "\xE2\x80\xA8\xE2\x80\xA9\xEF\xBB\xBF"},     // U+FFFF; U+2028, U+2029, U+FEFF
        {"\xF0\x9D\x84\x9E", "\xF0\x9D\x84\x9E\xF0\x9D\x84\x9E"}}},   // U+1D11E
      {"user_01m8hwz6xvewzrbtvb49hgt06h",
       repeat(255, "ß"),
       6,
       {{"254 bytes", repeat(127, "ä")},
        {"255 bytes", repeat(85, "€")},
        {"256 bytes", repeat(128, "ä")},
        {repeat(50, "𝄞"), repeat(200, "𝄞")}}},
      {"user_01m8hwz71hexmaty8a8dm2cd1r", "gone", 14, {{"second", "life"}}},
  };
}

KnownUser texts_of(const User& user) {
  KnownUser texts{std::string(user.id()), std::string(user.external_id()), user.revision(), {}};
  for (const auto [key, value] : user.tags()) texts.tags.emplace_back(key, value);
  return texts;
}

std::vector<KnownUser> all_users(const UserTagStore& store) {
  std::vector<KnownUser> users;
  for (const User& user : must(store.list()).users) users.push_back(texts_of(user));
  return users;
}

// Everything but the header: whoever has these has the same store.
void expect_the_frozen_contents(const UserTagStore& store) {
  EXPECT_EQ(store.revision(), kRevision);
  EXPECT_EQ(all_users(store), known_users());
  for (const KnownUser& user : known_users()) {
    EXPECT_EQ(texts_of(must(store.find(UserRef::id(user.id)))), user);
    EXPECT_EQ(texts_of(must(store.find(UserRef::external_id(user.external_id)))), user);
  }
  for (const std::string_view id : kDeletedIds) EXPECT_EQ(code_of(store.find(id)), ErrorCode::user_not_found);
  const VerifyReport report = must(store.verify());
  EXPECT_TRUE(report.ok()) << report.problems.front().what;
  EXPECT_EQ(report.digest, kDigest);
  EXPECT_EQ(report.users, 7U);
  EXPECT_EQ(report.changes, kRevision);   // the log is kept from its start
}

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class Format : public testing::Test {
 protected:
  Format() { fs::copy_file(kFrozen, path_); }

  UserTagStore open(Access access) const {
    Options options;
    options.access = access;
    return must(UserTagStore::open(path_, options));
  }
  // As the stock sqlite3 shell has it.
  std::string ask(const char* sql) const {
    return StockSqlite(path_, SQLITE_OPEN_READONLY).query(sql).at(0).at(0);
  }
  // Puts a user's row back to what its creation wrote, as if it had never been folded.
  void unfold(std::uint32_t ordinal, const KnownUser& user, const char* tags_json) const {
    std::vector<Tag> tags;
    for (const auto& [key, value] : user.tags) tags.push_back({key, value});
    const auto record =
        model::Record::make(ordinal, user.revision, *model::parse_user_id(user.id), user.external_id, tags);
    StockSqlite(path_).run("UPDATE user SET revision = " + std::to_string(user.revision) +
                           ", checksum = " + std::to_string(model::row_checksum(*record)) + ", tags = '" +
                           tags_json + "' WHERE ordinal = " + std::to_string(ordinal));
  }

  TempDir folder_;
  fs::path path_ = folder_ / "format-4.db";
};

TEST_F(Format, AFileOfVersion4IsKnownByItsHeader) {
  EXPECT_EQ(bytes_of(path_).substr(0, 16), std::string("SQLite format 3\0", 16));
  EXPECT_EQ(bytes_of(path_).substr(68, 4), "utag");
  EXPECT_EQ(ask("PRAGMA application_id"), "1970561383");
  EXPECT_EQ(ask("PRAGMA user_version"), "4");
  EXPECT_EQ(ask("PRAGMA page_size"), "8192");
  EXPECT_EQ(ask("PRAGMA journal_mode"), "wal");
}

TEST_F(Format, AFileOfVersion4IsReadWithoutChangingAByte) {
  const std::string before = bytes_of(path_);
  expect_the_frozen_contents(open(Access::read_only));
  EXPECT_EQ(bytes_of(path_), before);
}

TEST_F(Format, AFileOfVersion4IsOpenedForWriting) {
  auto store = open(Access::read_write);
  expect_the_frozen_contents(store);
  must(store.close());
  expect_the_frozen_contents(open(Access::read_only));
}

TEST_F(Format, AFileOfVersion4IsWrittenOn) {
  auto store = open(Access::read_write);
  const Applied created = must(store.create_user("new", {{"tier", "trial"}}));
  EXPECT_EQ(created.revision, kRevision + 1);
  EXPECT_GT(created.user->id(), known_users().back().id);
  EXPECT_EQ(must(store.apply("gone", TagBatch().update("second", "wind"))).revision, kRevision + 2);
  must(store.close());
  const auto again = open(Access::read_only);
  EXPECT_EQ(value_of(again, "new", "tier"), "trial");
  EXPECT_EQ(value_of(again, "gone", "second"), "wind");
  EXPECT_TRUE(must(again.verify()).ok());
}

TEST(FormatBefore, FilesOfEarlierVersionsAreRefusedByNameAndLeftAsTheyAre) {
  for (const std::string version : {"1", "2", "3"}) {
    const TempDir folder;
    const fs::path path = folder / "old.db";
    fs::copy_file(USERTAGS_TEST_DATA "/format-" + version + ".db", path);
    const std::string before = bytes_of(path);
    const auto expect_refused = [&](const auto& answer) {
      ASSERT_EQ(code_of(answer), ErrorCode::unsupported_format);
      const std::string message = answer.error().message();
      EXPECT_NE(message.find("format version " + version + ", this library reads version 4"),
                std::string::npos)
          << message;
      EXPECT_NE(message.find("dump it with the build that made it"), std::string::npos) << message;
      EXPECT_EQ(bytes_of(path), before);
      EXPECT_FALSE(fs::exists(path.string() + "-wal"));
    };
    expect_refused(UserTagStore::open(path));
    expect_refused(UserTagStore::open(path, {.access = Access::read_only}));
    expect_refused(UserTagStore::adopt(path));
    expect_refused(UserTagStore::adopt(path, {.dry_run = true}));
  }
}

TEST_F(Format, TheDeletedAreKeptAsLongAsTheLogIs) {
  EXPECT_EQ(ask("SELECT group_concat(id) FROM user WHERE tags IS NULL"),
            std::string(kDeletedIds[0]) + ',' + std::string(kDeletedIds[1]));
  EXPECT_EQ(ask("SELECT note FROM change WHERE kind = 3 AND note IS NOT NULL"), "asked to be forgotten");
}

// What a store leaves that was not closed in good order: rows that are behind, and the log to catch up with.
TEST_F(Format, PatchesOfVersion4AreReplayed) {
  const std::vector<KnownUser> users = known_users();
  unfold(1,
         {users[0].id,
          users[0].external_id,
          1,
          {{"department", "sales"}, {"tier", "trial"}, {"trial", "2026-11"}}},
         R"({"department":"sales","tier":"trial","trial":"2026-11"})");
  unfold(
      4,
      {users[3].id,
       users[3].external_id,
       4,
       {{"\x01", "\x02\x1F\x7F"}, {" ", "  "}, {"empty", ""}, {"tab\there", "\b\f\n\r\t"}}},
      "{\"\\u0001\":\"\\u0002\\u001f\x7F\",\" \":\"  \",\"empty\":\"\",\"tab\\there\":\"\\b\\f\\n\\r\\t\"}");
  rewrite_state(path_, [](sqlite::State& state) { state.folded_revision = 6; });
  const auto store = open(Access::read_only);
  EXPECT_EQ(store.stats().backlog_users, 2U);
  expect_the_frozen_contents(store);
}

}   // namespace
}   // namespace usertags::test
