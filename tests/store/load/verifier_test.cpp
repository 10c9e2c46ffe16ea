// The verification of memory against the file: a bug of ours that memory shows, or of the machine. Here the two are
// brought apart by loading other users than the file has.
#include "store/load/verifier.hpp"

#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "index/projection.hpp"
#include "sqlite/transaction.hpp"
#include "store/file/reading.hpp"
#include "store/load/loader.hpp"
#include "support/answers.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using model::Record;
using model::RecordPtr;

class VerifierTest : public testing::Test {
 protected:
  VerifierTest() {
    auto store = must(UserTagStore::open(path_));
    for (const char* name : {"ann", "bob", "cyd"}) must(store.create_user(name, {{"tier", "gold"}}));
    must(store.close());
  }

  // What verifying says of users in memory that `change` made of those of the file.
  std::vector<std::string> problems_of(void (*change)(std::vector<RecordPtr>&), std::uint64_t later = 0) {
    store::Reading reading = store::open_for_reading(path_, std::chrono::milliseconds(0));
    const sqlite::ReadTransaction moment(reading.connection);
    store::Loaded loaded =
        store::load(reading.connection, store::LogExtent::to_replay, store::refuse_problem);
    change(loaded.records);
    index::Projection projection;
    projection.load(loaded.records, loaded.state.revision + later);
    std::vector<std::string> problems;
    for (const auto& problem : store::verify(reading.connection, projection, projection.pin()).problems) {
      problems.push_back(problem.what.substr(0, problem.what.find(" the digest")));
      EXPECT_EQ(problem.kind,
                problem.user_id.empty() ? VerifyReport::Kind::digest : VerifyReport::Kind::memory);
    }
    return problems;
  }

  TempDir folder_{memory_folder()};
  std::filesystem::path path_ = std::filesystem::canonical(folder_.path()) / "users.db";
};

using Problems = std::vector<std::string>;

TEST_F(VerifierTest, SaysNothingOfMemoryThatIsAsTheFile) {
  EXPECT_EQ(problems_of([](auto&) {}), Problems());
}

TEST_F(VerifierTest, NamesWhoIsInTheFileOnly) {
  const auto lose_the_first = [](std::vector<RecordPtr>& users) { users.erase(users.begin()); };
  EXPECT_EQ(problems_of(lose_the_first), (Problems{R"(the user "ann" is in the file only)", "memory has"}));
  const auto lose_the_last = [](std::vector<RecordPtr>& users) { users.pop_back(); };
  EXPECT_EQ(problems_of(lose_the_last), (Problems{R"(the user "cyd" is in the file only)", "memory has"}));
}

TEST_F(VerifierTest, NamesWhoIsInMemoryOnly) {
  const auto add = [](std::vector<RecordPtr>& users) {
    auto later = users.back()->uuid();
    ++later[4];   // of its milliseconds
    users.push_back(Record::make(4, 3, later, "dan", {}));
  };
  EXPECT_EQ(problems_of(add), (Problems{R"(the user "dan" is in memory only)", "memory has"}));
}

TEST_F(VerifierTest, NamesWhoDiffers) {
  const auto alter = [](std::vector<RecordPtr>& users) {
    const Tag tag{"tier", "silver"};
    users[1] = Record::make(2, 2, users[1]->uuid(), "bob", std::span(&tag, 1));
  };
  EXPECT_EQ(problems_of(alter),
            (Problems{R"(the user "bob" differs between memory and file)", "memory has"}));
}

// A follower that has not caught up, or is ahead of what the transaction sees.
TEST_F(VerifierTest, ComparesNothingOfAnotherRevision) {
  EXPECT_EQ(problems_of([](std::vector<RecordPtr>& users) { users.clear(); }, 1), Problems());
}

}   // namespace
}   // namespace usertags::test
