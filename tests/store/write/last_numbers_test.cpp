// Numbers at their ends: what is given is right, what is left of nothing is a typed error, and the store
// opens.
#include <gtest/gtest.h>

#include <functional>
#include <limits>
#include <string>

#include "sqlite/database.hpp"
#include "support/answers.hpp"
#include "support/settings.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;

class LastNumbersTest : public testing::Test {
 protected:
  static Options options() {
    Options options;
    options.durability = Durability::relaxed;
    settings_of(options).history.min_changes = 0;
    return options;
  }
  // A closed store with one user, whose commit record is then changed.
  void make_store_at(const std::function<void(sqlite::State&)>& change) {
    {
      auto store = must(UserTagStore::open(path_, options()));
      must(store.create_user("first", {{"k", "v"}}));
      must(store.maintain(1s));
      must(store.close());
    }
    sqlite::ConnectionConfig config;
    config.path = path_;
    sqlite::Database database(config, {});
    sqlite::Transaction transaction(database.connection());
    sqlite::State state = database.state().read();
    change(state);
    database.state().write(state);
    ASSERT_FALSE(transaction.commit().error);
    database.checkpoint();
    database.close();
  }
  void expect_sound(std::uint64_t users) {
    auto store = must(UserTagStore::open(path_, options()));
    EXPECT_EQ(store.stats().users, users);
    EXPECT_TRUE(must(store.verify()).ok());
    must(store.close());
  }

  TempDir folder_{memory_folder()};
  std::filesystem::path path_ = folder_ / "users.db";
};

TEST_F(LastNumbersTest, Ordinals) {
  make_store_at(
      [](sqlite::State& state) { state.last_ordinal = std::numeric_limits<std::uint32_t>::max() - 2; });
  {
    auto store = must(UserTagStore::open(path_, options()));
    must(store.create_user("last but one", {{"k", "v"}}));
    must(store.create_user("last", {{"k", "v"}}));
    EXPECT_EQ(code_of(store.create_user("too many")), ErrorCode::memory_budget_exceeded);
    PageRequest page{.limit = 1};
    std::string seen;
    while (true) {
      const UserPage users = must(store.select(must(Selector::parse("k=v")), page));
      for (const User& user : users.users) seen += std::string(user.external_id()) + ';';
      if (!users.next) break;
      page.after = users.next;
    }
    EXPECT_EQ(seen, "first;last but one;last;");
    EXPECT_EQ(must(store.for_each(Selector(), [](const User&) {})).users, 3U);
    must(store.apply("last", TagBatch().set("k", "w")));
    must(store.apply("first", TagBatch().set("k", "w")));
    must(store.maintain(std::chrono::milliseconds::max()));
    EXPECT_EQ(store.stats().backlog_users, 0U);
    must(store.close());
  }
  expect_sound(3);
}

TEST_F(LastNumbersTest, Revisions) {
  constexpr std::uint64_t kLast = std::numeric_limits<std::int64_t>::max() - 1;
  make_store_at([](sqlite::State& state) {
    state.revision = state.folded_revision = kLast - 1;
    state.log_floor = kLast;
    state.floor_checksum = state.log_checksum;
  });
  {
    auto store = must(UserTagStore::open(path_, options()));
    EXPECT_EQ(must(store.create_user("last")).revision, kLast);
    EXPECT_EQ(code_of(store.create_user("one more")), ErrorCode::memory_budget_exceeded);
    EXPECT_EQ(code_of(store.delete_user("last")), ErrorCode::memory_budget_exceeded);
    EXPECT_EQ(code_of(store.apply("last", TagBatch().set("k", "v"))), ErrorCode::memory_budget_exceeded);
    EXPECT_FALSE(must(store.apply("last", TagBatch().erase("k"))).changed) << "what needs none goes on";
    must(store.maintain(1s));
    EXPECT_EQ(code_of(store.changes(store.position().at(std::numeric_limits<std::uint64_t>::max()))),
              ErrorCode::future_revision);
    must(store.close());
  }
  expect_sound(2);
}

TEST_F(LastNumbersTest, Tokens) {
  constexpr std::uint64_t kLast = std::numeric_limits<std::int64_t>::max() - 1;
  make_store_at([](sqlite::State& state) {
    state.last_token = kLast - 1;
    state.token_floor = kLast;
  });
  {
    auto store = must(UserTagStore::open(path_, options()));
    must(store.apply("first", {}, {.token = "last"}));
    EXPECT_EQ(code_of(store.apply("first", {}, {.token = "one more"})), ErrorCode::memory_budget_exceeded);
    EXPECT_TRUE(must(store.apply("first", {}, {.token = "last"})).replayed);
    must(store.apply("first", TagBatch().set("k", "w")));
    must(store.close());
  }
  expect_sound(1);
}

TEST_F(LastNumbersTest, Ids) {
  make_store_at([](sqlite::State& state) { state.last_id.fill(0xFF); });
  {
    auto store = must(UserTagStore::open(path_, options()));
    EXPECT_EQ(code_of(store.create_user("one more")), ErrorCode::memory_budget_exceeded);
    must(store.apply("first", TagBatch().set("k", "w")));
    must(store.close());
  }
  expect_sound(1);
}

TEST_F(LastNumbersTest, OfAnAdoption) {
  make_store_at([](sqlite::State& state) { state.last_id.fill(0xFF); });
  StockSqlite(path_).run(
      "INSERT INTO user SELECT ordinal + 9, id, 'by hand', revision, checksum, tags FROM user");
  EXPECT_EQ(code_of(UserTagStore::adopt(path_)), ErrorCode::memory_budget_exceeded);
  StockSqlite(path_).run("DELETE FROM user WHERE external_id = 'by hand'");
  expect_sound(1);
}

TEST_F(LastNumbersTest, Durations) {
  Options longest = options();
  longest.busy_timeout = std::chrono::milliseconds::max();
  longest.slow_commit = std::chrono::milliseconds::max();
  longest.housekeeping.backlog_users = std::numeric_limits<std::uint64_t>::max();
  longest.housekeeping.checkpoint_wal_bytes = std::numeric_limits<std::uint64_t>::max();
  longest.housekeeping.max_wal_bytes = std::numeric_limits<std::uint64_t>::max();
  std::size_t lines = 0;
  longest.log = [&](LogLevel level, std::string_view) { lines += level != LogLevel::info; };
  auto store = must(UserTagStore::open(path_, longest));
  must(store.create_user("ann", {{"k", "v"}}));
  must(store.apply("ann", TagBatch().set("k", "w"),
                   {.deadline = std::chrono::steady_clock::time_point::max()}));
  EXPECT_EQ(lines, 0U) << "nothing is slower than for ever";
  EXPECT_EQ(store.stats().folded_users, 0U);
  EXPECT_EQ(store.stats().checkpoints, 0U);
  must(store.maintain(std::chrono::milliseconds::max()));
  EXPECT_EQ(store.stats().backlog_users, 0U);
  EXPECT_EQ(code_of(store.maintain(0ms)), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(store.maintain(std::chrono::milliseconds::min())), ErrorCode::invalid_argument);
  EXPECT_EQ(code_of(store.wait_for_changes(store.position(), -1ms)), ErrorCode::timeout);
  EXPECT_EQ(code_of(store.read_at_least(99, std::chrono::milliseconds::min())), ErrorCode::timeout);
  EXPECT_EQ(must(store.read_at_least(2, std::chrono::milliseconds::max())), 2U);
  EXPECT_EQ(code_of(store.apply("ann", {}, {.deadline = std::chrono::steady_clock::time_point::min()})),
            ErrorCode::timeout);
  const AskOptions late{.deadline = std::chrono::steady_clock::time_point::min()};
  EXPECT_EQ(code_of(store.count(Selector(), late)), ErrorCode::timeout);
  EXPECT_EQ(code_of(store.for_each(Selector(), [](const User&) {}, late)), ErrorCode::timeout);
  EXPECT_EQ(code_of(store.select(Selector(), {.deadline = late.deadline})), ErrorCode::timeout);
  EXPECT_EQ(code_of(store.list({.deadline = late.deadline})), ErrorCode::timeout);
  EXPECT_EQ(code_of(store.history("ann", {.deadline = late.deadline})), ErrorCode::timeout);
}

TEST_F(LastNumbersTest, OptionsThatMakeNoSenseAreRefused) {
  const auto refused = [&](const std::function<void(Options&)>& change) {
    Options options = LastNumbersTest::options();
    change(options);
    return code_of(UserTagStore::open(path_, options)) == ErrorCode::invalid_argument;
  };
  EXPECT_TRUE(refused([](Options& options) { options.busy_timeout = -1ms; }));
  EXPECT_TRUE(refused([](Options& options) { options.slow_commit = -1ms; }));
  EXPECT_TRUE(refused(
      [](Options& options) { options.housekeeping = {.checkpoint_wal_bytes = 0, .max_wal_bytes = 0}; }));
}

}   // namespace
}   // namespace usertags::test
