// Followers over an adoption: what was open before goes on after it, and equals a fresh open.
#include <cstdint>
#include <string>
#include <vector>

#include "model/record.hpp"
#include "sqlite/tables.hpp"
#include "store/adopt/adoption_fixture.hpp"
#include "support/expect_equal.hpp"
#include "support/rewrite.hpp"

namespace usertags::test {
namespace {

UserTagStore follow(const std::filesystem::path& path) {
  Options options;
  options.access = Access::read_only;
  return must(UserTagStore::open(path, options));
}

// The follower shows what a fresh open does, proved against the file.
void expect_followed(UserTagStore& follower, const std::filesystem::path& path) {
  auto fresh = follow(path);
  EXPECT_EQ(must(follower.refresh()), fresh.revision());
  EXPECT_EQ(shown_by(follower), shown_by(fresh));
  EXPECT_EQ(follower.position(), fresh.position());
  const VerifyReport report = must(follower.verify());
  EXPECT_TRUE(report.ok()) << report.problems.front().what;
  EXPECT_EQ(report.revision, fresh.revision());
}

struct FollowedEdit {
  const char* name;
  const char* sql;
};

void PrintTo(const FollowedEdit& edit, std::ostream* out) {
  *out << edit.name;
}

const FollowedEdit kFollowed[] = {
    {"ATagChanged", R"(UPDATE user SET tags = '{"tier":"none"}' WHERE external_id = 'ann')"},
    {"ATagOfWhomNothingIsKnown", R"(UPDATE user SET tags = '{"y":"1"}' WHERE external_id = 'eve')"},
    {"TagsOfEverybody", R"(UPDATE user SET tags = '{"y":"1"}' WHERE tags IS NOT NULL)"},
    {"ADeletion", "UPDATE user SET tags = NULL WHERE external_id = 'eve'"},
    {"ARowLess", "DELETE FROM user WHERE external_id = 'fay'"},
    {"ARowLessThatNothingNames",
     R"(DELETE FROM user WHERE external_id = 'eve'; UPDATE user SET tags = '{"y":"1"}' WHERE external_id = 'fay')"},
    {"AllRowsLess", "DELETE FROM user"},
    {"ARowMore", "INSERT INTO user SELECT 9, id, 'new', 1, 0, '{\"y\":\"1\"}' FROM user WHERE ordinal = 1"},
    {"ANameFreedAndTaken",
     "INSERT INTO user SELECT 9, id, 'ann', 1, 0, '{\"y\":\"1\"}' FROM user WHERE ordinal = 1; UPDATE user "
     "SET tags = NULL "
     "WHERE ordinal = 1"},
    {"AnotherSpelling", "UPDATE user SET tags = tags || ' ' WHERE tags IS NOT NULL"},
};

class FollowedOver : public PrunedStore, public testing::WithParamInterface<FollowedEdit> {};

TEST_P(FollowedOver, AnAdoption) {
  auto follower = follow(path_);
  const Position before = follower.position();
  const User ann = must(follower.find("ann"));
  run(GetParam().sql);
  must_adopt();
  expect_followed(follower, path_);
  EXPECT_EQ(value_of(ann, "tier"), "trial") << "what was handed out stays as it was";
  EXPECT_GT(follower.position().epoch(), before.epoch());
  const auto page = follower.changes(before);
  EXPECT_TRUE(page ? page->epoch_changed : page.error() == ErrorCode::history_pruned);
  auto writer = must(UserTagStore::open(path_, forgetful()));
  must(writer.create_user("after"));
  must(follower.refresh());
  EXPECT_TRUE(follower.find("after"));
}

INSTANTIATE_TEST_SUITE_P(Edits, FollowedOver, testing::ValuesIn(kFollowed),
                         [](const auto& edit) { return edit.param.name; });

// As many entries as are published in parts otherwise: nothing of them is shown before it is proved.
TEST_F(PrunedStore, AFollowerThatIsFarBehindSeesTheAdoptionWhole) {
  auto follower = follow(path_);
  run(R"(UPDATE user SET tags = '{"y":"1"}' WHERE external_id = 'eve')");
  must(adopt());
  Options options = relaxed();
  auto writer = must(UserTagStore::open(path_, options));
  std::vector<Write> writes;
  for (int n = 0; n < 10'000; ++n) writes.push_back(CreateUser{std::to_string(n), {}, {}});
  for (const auto& answer : writer.apply_each(writes)) must(answer);
  must(writer.close());
  expect_followed(follower, path_);
  EXPECT_EQ(value_of(follower, "eve", "n"), "(absent)");
}

// At the same revision nothing tells who came first: it is no continuation.
TEST_F(PrunedStore, UsersWhoAreGoneWithoutARevisionEndTheFollowing) {
  auto follower = follow(path_);
  run("DELETE FROM user WHERE external_id = 'eve'");
  must_adopt();
  EXPECT_EQ(code_of(follower.refresh()), ErrorCode::store_failed);
  EXPECT_TRUE(follower.find("eve")) << "reads go on as they were";
}

// There is no change that gives a user another name.
TEST_F(PrunedStore, AnotherNameEndsTheFollowing) {
  for (const char* sql :
       {"UPDATE user SET external_id = 'eva' WHERE external_id = 'eve'",
        "UPDATE user SET id = substr(id, 1, 30) || iif(id LIKE '%0', '1', '0') WHERE external_id = 'ann'"}) {
    auto follower = follow(path_);
    run(sql);
    must_adopt();
    EXPECT_EQ(code_of(follower.refresh()), ErrorCode::store_failed);
    EXPECT_EQ(must(follow(path_).refresh()), follower.revision() + 1) << "who opens it again goes on";
  }
}

// A row that was forged with its checksum: nothing tells when.
TEST_F(PrunedStore, AUserWhoIsAnotherAtTheSameRevisionEndsTheFollowing) {
  auto follower = follow(path_);
  const StockSqlite::Row row = StockSqlite(path_).query("SELECT * FROM user WHERE external_id = 'eve'").at(0);
  const Tag tag{"n", "forged"};
  const auto record = model::Record::make(static_cast<std::uint32_t>(std::stoul(row[0])), std::stoull(row[3]),
                                          *model::parse_user_id(row[1]), row[2], std::span(&tag, 1));
  rewrite(path_, [&](sqlite::Connection& connection) { sqlite::UserTable(connection).put(*record); });
  run(R"(UPDATE user SET tags = '{"y":"1"}' WHERE external_id = 'fay')");
  must_adopt();
  EXPECT_EQ(code_of(follower.refresh()), ErrorCode::store_failed);
}

}   // namespace
}   // namespace usertags::test
