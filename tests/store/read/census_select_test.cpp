// Selectors over 48,842 people's census attributes (tests/data/README.md): each counts whom the stock SQLite
// counts over the view user_tag.
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include "support/answers.hpp"
#include "support/census.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

// Users who have the key, with a value of which the condition holds.
std::string has(const std::string& key, const std::string& condition = "true") {
  return "id IN (SELECT user_id FROM tags WHERE key = '" + key + "' AND " + condition + ")";
}

struct Question {
  std::string selector;
  std::string sql;   // the same, of the users in table `people`
};

const std::vector<Question> kQuestions = {
    {"", "true"},
    {"occupation", has("occupation")},
    {"!occupation", "NOT " + has("occupation")},
    {"income=\"<=50K\"", has("income", "value = '<=50K'")},
    {"native-country!=United-States", "NOT " + has("native-country", "value = 'United-States'")},
    {"education in (Bachelors,Masters,Doctorate)",
     has("education", "value IN ('Bachelors', 'Masters', 'Doctorate')")},
    {"workclass notin (Private,), occupation",
     "NOT " + has("workclass", "value IN ('Private', '')") + " AND " + has("occupation")},
    {"age>64", has("age", "CAST(value AS INTEGER) > 64")},
    {"age>29,age<40,hours-per-week>40", has("age", "CAST(value AS INTEGER) BETWEEN 30 AND 39") + " AND " +
                                            has("hours-per-week", "CAST(value AS INTEGER) > 40")},
    {"occupation~*-*-*", has("occupation", "value GLOB '*-*-*'")},
    {"education~??th", has("education", "value GLOB '??th'")},
    {"marital-status!~Married*,relationship",
     "NOT " + has("marital-status", "value GLOB 'Married*'") + " AND " + has("relationship")},
    {"any(native-country=Atlantis,age<18)",
     has("native-country", "value = 'Atlantis'") + " OR " + has("age", "CAST(value AS INTEGER) < 18")},
    {"not(workclass,any(income~\">*\",age>50))", "NOT (" + has("workclass") + " AND (" +
                                                     has("income", "value GLOB '>*'") + " OR " +
                                                     has("age", "CAST(value AS INTEGER) > 50") + "))"},
    {"all(any(workclass~*-gov,workclass~Self*),not(income~\">*\")),!age",
     "(" + has("workclass", "(value GLOB '*-gov' OR value GLOB 'Self*')") + ") AND NOT " +
         has("income", "value GLOB '>*'") + " AND NOT " + has("age")},
    {"income>0", "false"},
    {"zone", "false"},
};

class CensusSelect : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const People people = read_people(GetParam());
    if (people.empty()) GTEST_SKIP() << "there is no " << GetParam();
    std::vector<Write> writes;
    for (const auto& [external_id, tags] : people) writes.push_back(CreateUser{external_id, tags, {}});
    // Every tenth person moves: patches in the log, and not yet in the rows.
    for (std::size_t i = 0; i < people.size(); i += 10) {
      writes.push_back(
          PatchUser{people[i].first, TagBatch().set("native-country", "Atlantis").erase("age"), {}});
    }
    for (const auto& answer : store_.apply_each(writes)) must(answer);
  }

  // The answers of the stock SQLite, in the order of the questions.
  std::vector<std::string> counted_by_sqlite() const {
    StockSqlite sqlite(path_, SQLITE_OPEN_READONLY);
    sqlite.run(
        "CREATE TEMP TABLE people AS SELECT id FROM user_now;"
        "CREATE TEMP TABLE tags AS SELECT user_id, key, value FROM user_tag;"
        "CREATE INDEX temp.by_key ON tags (key, value)");
    std::vector<std::string> counts;
    for (const auto& question : kQuestions) {
      counts.push_back(sqlite.query("SELECT count(*) FROM people WHERE " + question.sql).at(0).at(0));
    }
    return counts;
  }

  static void expect_counts(const UserTagStore& store, const std::vector<std::string>& expected) {
    for (std::size_t i = 0; i < kQuestions.size(); ++i) {
      const std::string& selector = kQuestions[i].selector;
      const auto count = must(store.count(must(Selector::parse(selector), selector)));
      EXPECT_EQ(std::to_string(count.count), expected.at(i)) << selector;
    }
  }

  TempDir folder_;
  std::filesystem::path path_ = folder_ / "users.db";
  UserTagStore store_ = must(UserTagStore::open(path_));
};

TEST_P(CensusSelect, CountsWhomTheStockSqliteCounts) {
  const auto expected = counted_by_sqlite();
  expect_counts(store_, expected);
  must(store_.close());
  expect_counts(must(UserTagStore::open(path_)), expected);
}

INSTANTIATE_TEST_SUITE_P(Sample, CensusSelect, testing::Values(USERTAGS_TEST_DATA "/census-sample.csv"));
INSTANTIATE_TEST_SUITE_P(Whole, CensusSelect, testing::Values(USERTAGS_SHARED_DATA "/data/census-users.csv"));

}   // namespace
}   // namespace usertags::test
