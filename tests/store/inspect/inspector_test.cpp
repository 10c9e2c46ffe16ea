// Inspector: looking into a file without loading it. That it shows what a read-only store shows is held by
// CheckedStore::check_read_only in sequences that nobody thought of; here is what they do not come to.
#include <usertags/inspector.hpp>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

#include "model/record.hpp"
#include "sqlite/state.hpp"
#include "store/file/reading.hpp"
#include "store/inspect/user_reader.hpp"
#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/child.hpp"
#include "support/expect_inspected.hpp"
#include "support/settings.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

class InspectorTest : public testing::Test {
 protected:
  // Nothing is folded before the store is closed.
  static Options writing() {
    Options options;
    options.durability = Durability::relaxed;
    return options;
  }
  std::string bytes() const { return bytes_of(path_) + '|' + bytes_of(path_.string() + "-wal"); }
  Inspector inspector() const { return must(Inspector::open(path_)); }
  UserTagStore reader() const {
    Options options;
    options.access = Access::read_only;
    return must(UserTagStore::open(path_, options));
  }
  static void patch(CheckedStore& writer, const std::string& user, int n) {
    must(writer.apply(user, TagBatch().set("n", std::to_string(n)).set("k" + std::to_string(n % 5), "x")));
  }

  TempDir folder_{memory_folder()};
  fs::path path_ = folder_ / "users.db";
};

TEST_F(InspectorTest, ShowsWhatOnlyTheLogHas) {
  CheckedStore writer(path_, writing());
  must(writer.create_user("ann", {{"tier", "trial"}}));
  const Inspector inspector = this->inspector();
  EXPECT_EQ(value_of(must(inspector.find("ann")), "tier"), "trial");
  must(writer.apply("ann", TagBatch().set("tier", "gold").set("seats", "1")));
  must(writer.apply("ann", TagBatch().erase("seats")));
  EXPECT_EQ(value_of(must(inspector.find("ann")), "tier"), "gold");
  EXPECT_EQ(value_of(must(inspector.find("ann")), "seats"), "(absent)");
  EXPECT_EQ(must(inspector.find("ann")).revision(), 3U);
  EXPECT_EQ(must(inspector.info(Inspector::Figures::of_users)).users->backlog_users, 1U);
}

// Created, patched, deleted and created again beyond the fold, as users are found by names that change hands.
TEST_F(InspectorTest, KeepsUsersApartWhoHadOneName) {
  CheckedStore writer(path_, writing());
  for (int round = 0; round < 3; ++round) {
    must(writer.create_user("ann", {{"round", std::to_string(round)}}));
    must(writer.create_user("bob " + std::to_string(round)));
    patch(writer, "ann", round);
    expect_inspected(inspector(), reader(), writer.reference());
    must(writer.delete_user("ann"));
    expect_inspected(inspector(), reader(), writer.reference());
  }
  EXPECT_EQ(told(inspector().find("ann")), told(reader().find("ann")));
}

// One pass finds them all, each time that it is asked for, and by whichever name.
TEST_F(InspectorTest, FindsManyAtOnce) {
  CheckedStore writer(path_, writing());
  for (int n = 0; n < 50; ++n) must(writer.create_user("user " + std::to_string(n)));
  const std::string id = must(writer.store().find("user 9")).id();
  must(writer.delete_user("user 7"));
  must(writer.delete_user("user 8"));
  must(writer.create_user("user 8"));
  patch(writer, "user 3", 3);
  const std::string deleted = must(writer.store().find("user 8")).id();
  must(writer.delete_user("user 8"));
  must(writer.create_user("user 8"));
  const std::vector<UserRef> asked = {"user 49", "nobody",
                                      id,        "user 7",
                                      "user 8",  "user 3",
                                      deleted,   "user 3",
                                      "",        UserRef::id("user 3"),
                                      "user 9",  UserRef::external_id(id),
                                      "user 0"};
  const auto found = inspector().find_each(asked);
  const auto meant = writer.store().find_each(asked);
  ASSERT_EQ(found.size(), asked.size());
  for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_EQ(told(found[i]), told(meant[i])) << i;
  for (std::size_t i = 0; i < asked.size(); ++i) EXPECT_TRUE(!found[i] || *found[i] == *meant[i]) << i;
}

TEST_F(InspectorTest, ShowsTheSameFoldedAndPruned) {
  Options options = writing();
  settings_of(options).history.min_changes = 7;
  options.housekeeping.backlog_users = 3;
  CheckedStore writer(path_, options);
  for (int n = 0; n < 60; ++n) {
    const std::string user = "user " + std::to_string(n % 11);
    if (!writer.find(user)) must(writer.create_user(user, {{"n", "0"}}));
    if (n % 9 == 0)
      must(writer.delete_user(user));
    else
      patch(writer, user, n);
  }
  expect_inspected(inspector(), reader(), writer.reference());
  writer.reopen(Ending::killed, options);
  expect_inspected(inspector(), reader(), writer.reference());
  writer.reopen(Ending::closed, options);
  expect_inspected(inspector(), reader(), writer.reference());
}

// A tail that is read for one range of users after the other, down to one user at a time.
TEST_F(InspectorTest, WalksATailThatIsLargerThanItsMemory) {
  CheckedStore writer(path_, writing());
  for (int n = 0; n < 40; ++n) must(writer.create_user("user " + std::to_string(n)));
  for (int n = 0; n < 400; ++n) patch(writer, "user " + std::to_string(n * 7 % 40), n);
  must(writer.delete_user("user 17"));
  std::vector<User> meant;
  must(writer.store().for_each(Selector(), [&](const User& user) { meant.push_back(user); }));
  for (const std::size_t bytes : {0UL, 300UL, 3'000UL, 1'000'000UL}) {
    store::Reading reading = store::open_for_reading(fs::canonical(path_), 0ms);
    store::UserReader users(reading.connection, sqlite::StateTable(reading.connection).read().store_id,
                            bytes);
    std::vector<User> found;
    users.for_each([](const StoreInfo&) { return true; },
                   [&](model::RecordPtr record, bool was_behind) {
                     EXPECT_TRUE(was_behind);
                     found.push_back(model::UserAccess::user(std::move(record)));
                     return true;
                   });
    EXPECT_TRUE(found == meant) << bytes;
  }
}

TEST_F(InspectorTest, ChangesNoByteBesideALiveWriter) {
  CheckedStore writer(path_, writing());
  for (int n = 0; n < 20; ++n) must(writer.create_user("user " + std::to_string(n)));
  for (int n = 0; n < 50; ++n) patch(writer, "user " + std::to_string(n % 20), n);
  const std::string before = bytes();
  expect_inspected(inspector(), reader(), writer.reference());
  EXPECT_EQ(bytes(), before);
}

// A connection that it keeps does not pin the WAL, nor keep others from the file.
TEST_F(InspectorTest, HoldsNobodyUpBetweenItsCalls) {
  const auto look = [](const Inspector& inspector) { EXPECT_TRUE(inspector.find("ann")); };
  std::optional<CheckedStore> writer(std::in_place, path_, writing());
  must(writer->create_user("ann"));
  const Inspector inspector = this->inspector();
  look(inspector);
  must(writer->store().compact());
  EXPECT_FALSE(writer->store().stats().wal_pinned);
  must(writer->store().close());
  writer.reset();
  look(inspector);
  auto store = must(UserTagStore::open(path_, writing()));
  must(store.apply("ann", TagBatch().set("tier", "gold")));
  EXPECT_EQ(value_of(must(inspector.find("ann")), "tier"), "gold");
}

TEST_F(InspectorTest, ShowsOneMomentFromTheFirstUserToTheLast) {
  CheckedStore writer(path_, writing());
  for (int n = 0; n < 10; ++n) must(writer.create_user(std::to_string(n), {{"n", "0"}}));
  const Inspector inspector = this->inspector();
  std::vector<std::string> seen;
  const Visited visited = must(inspector.for_each([&](const User& user) {
    seen.push_back(value_of(user, "n"));
    for (int n = 0; n < 10; ++n) must(writer.apply(std::to_string(n), TagBatch().set("n", "1")));
    must(writer.create_user("new " + std::to_string(seen.size())));
  }));
  EXPECT_EQ(seen, std::vector<std::string>(10, "0"));
  EXPECT_EQ(visited.revision, 10U);
}

TEST_F(InspectorTest, EndsAWalkWhereTheFunctionSaysOrThrows) {
  CheckedStore writer(path_, writing());
  for (int n = 0; n < 10; ++n) must(writer.create_user(std::to_string(n)));
  const Inspector inspector = this->inspector();
  EXPECT_EQ(must(inspector.for_each([](const User& user) { return user.external_id() != "3"; })).users, 4U);
  int called = 0;
  const auto fail = [&](const User&) {
    if (++called == 2) throw std::runtime_error("enough");
  };
  EXPECT_THROW(std::ignore = inspector.for_each(fail), std::runtime_error);
  EXPECT_EQ(called, 2);
  EXPECT_EQ(code_of(inspector.for_each(fail, {.deadline = std::chrono::steady_clock::now()})),
            ErrorCode::timeout);
}

// Where no lock keeps others out, what was told cannot be taken back.
TEST_F(InspectorTest, SaysSoWhereSomethingWroteMeanwhile) {
  {
    auto store = must(UserTagStore::open(path_));
    for (int n = 0; n < 3; ++n) must(store.create_user(std::to_string(n)));
    must(store.close());
  }
  const Inspector inspector = this->inspector();
  const auto walk = [&] {
    return inspector.for_each([&](const User&) { StockSqlite(path_).run("ANALYZE"); });
  };
  EXPECT_EQ(code_of(walk()), ErrorCode::busy) << told(walk());
  EXPECT_TRUE(inspector.find("0"));
}

TEST_F(InspectorTest, RefusesAnotherStoreInThePlaceOfIts) {
  {
    CheckedStore(path_, writing()).create_user("ann");
  }
  const Inspector inspector = this->inspector();
  fs::rename(path_, folder_ / "other.db");
  {
    CheckedStore(path_, writing()).create_user("ann");
  }
  EXPECT_EQ(code_of(inspector.find("ann")), ErrorCode::io_error);
  fs::remove(path_);
  fs::rename(folder_ / "other.db", path_);
  EXPECT_TRUE(inspector.find("ann"));
}

TEST_F(InspectorTest, IsOfNoUseInAChildNorOnceMovedFrom) {
  CheckedStore writer(path_, writing());
  must(writer.create_user("ann"));
  Inspector inspector = this->inspector();
  EXPECT_TRUE(inspector.find("ann"));
  const pid_t child = fork();
  if (child == 0) {
    const bool refused = code_of(inspector.find("ann")) == ErrorCode::forked;
    {
      const Inspector end = std::move(inspector);
    }
    _exit(refused ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
  EXPECT_TRUE(inspector.find("ann"));
  const Inspector other = std::move(inspector);
  EXPECT_EQ(code_of(inspector.find("ann")), ErrorCode::store_closed);
  EXPECT_EQ(code_of(inspector.find_each(std::vector<UserRef>{"ann"}).front()), ErrorCode::store_closed);
}

}   // namespace
}   // namespace usertags::test
