// 48,842 people's census attributes as users and tags (tests/data/README.md): every row reads back equal
// through find, list and the view user_tag, while the store is open, after close, and after a killed holder.
#include <gtest/gtest.h>
#include <unistd.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "support/answers.hpp"
#include "support/census.hpp"
#include "support/child.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using Tags = PersonTags;

class Census : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    people_ = read_people(GetParam());
    if (people_.empty()) GTEST_SKIP() << "there is no " << GetParam();
  }

  void create_all(UserTagStore& store) const {
    std::vector<Write> writes;
    for (const auto& [external_id, tags] : people_) writes.push_back(CreateUser{external_id, tags, {}});
    for (const auto& answer : store.apply_each(writes)) must(answer);
  }

  // Every tenth person moves: patches in the log, and not yet in the rows.
  void move_some(UserTagStore& store) {
    std::vector<Write> writes;
    for (std::size_t i = 0; i < people_.size(); i += 10) {
      writes.push_back(
          PatchUser{people_[i].first, TagBatch().set("native-country", "Atlantis").erase("age"), {}});
    }
    for (const auto& answer : store.apply_each(writes)) must(answer);
    note_moves();
  }
  void note_moves() {
    for (std::size_t i = 0; i < people_.size(); i += 10) {
      people_[i].second["native-country"] = "Atlantis";
      people_[i].second.erase("age");
    }
  }

  static bool shows(const User& user, const std::pair<std::string, Tags>& person) {
    Tags tags;
    for (const auto [key, value] : user.tags()) tags.emplace(key, value);
    return user.external_id() == person.first && tags == person.second;
  }

  void expect_all_found(const UserTagStore& store) const {
    for (const auto& person : people_)
      ASSERT_TRUE(shows(must(store.find(person.first)), person)) << person.first;
  }

  void expect_all_listed(const UserTagStore& store) const {
    std::size_t index = 0;
    PageRequest request{.limit = 777};
    do {
      const UserPage page = must(store.list(request));
      ASSERT_LE(index + page.users.size(), people_.size());
      for (const User& user : page.users) ASSERT_TRUE(shows(user, people_[index++]));
      request.after = page.next;
    } while (request.after);
    EXPECT_EQ(index, people_.size());
  }

  void expect_all_in_view() const {
    std::vector<StockSqlite::Row> expected;
    for (const auto& [external_id, tags] : std::map(people_.begin(), people_.end())) {
      for (const auto& [key, value] : tags) expected.push_back({external_id, key, value});
    }
    EXPECT_TRUE(StockSqlite(path_, SQLITE_OPEN_READONLY)
                    .query("SELECT external_id, key, value FROM user_tag ORDER BY external_id, key") ==
                expected);
  }

  void expect_all(const UserTagStore& store) const {
    expect_all_found(store);
    expect_all_listed(store);
    expect_all_in_view();
    EXPECT_TRUE(must(store.verify()).ok());
  }

  People people_;
  TempDir folder_;
  std::filesystem::path path_ = folder_ / "users.db";
};

TEST_P(Census, ReadsBackEqualInEveryPhaseOfAStore) {
  auto store = must(UserTagStore::open(path_));
  create_all(store);
  move_some(store);
  EXPECT_GT(store.stats().backlog_users, 0U);
  expect_all(store);
  must(store.close());
  expect_all_in_view();
  expect_all(must(UserTagStore::open(path_)));
}

TEST_P(Census, ReadsBackEqualAfterTheHolderWasKilled) {
  Child child([&](const Reporter& parent) {
    auto store = must(UserTagStore::open(path_));
    create_all(store);
    move_some(store);
    parent.tell("done");
    pause();
  });
  ASSERT_EQ(child.read_line(), "done");
  child.kill();
  note_moves();
  expect_all_in_view();
  expect_all(must(UserTagStore::open(path_)));
}

INSTANTIATE_TEST_SUITE_P(Sample, Census, testing::Values(USERTAGS_TEST_DATA "/census-sample.csv"));
INSTANTIATE_TEST_SUITE_P(Whole, Census, testing::Values(USERTAGS_SHARED_DATA "/data/census-users.csv"));

}   // namespace
}   // namespace usertags::test
