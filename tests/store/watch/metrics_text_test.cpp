// metrics_text: what a parser that is not ours reads in it.
#include "store/watch/metrics_text.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <map>
#include <sstream>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/answers.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;

class MetricsText : public testing::Test {
 protected:
  // Samples and types by name, as read-openmetrics prints them.
  std::map<std::string, std::string> read(const std::string& text) {
    const auto path = folder_ / "metrics";
    std::ofstream(path, std::ios::binary) << text;
    const auto answer = folder_ / "read";
    const std::string line = USERTAGS_READ_OPENMETRICS " <" + path.string() + " >" + answer.string();
    EXPECT_EQ(std::system(line.c_str()), 0) << "tools/install-packages test\n" << text;
    std::map<std::string, std::string> samples;
    std::ifstream lines(answer);
    for (std::string sample; std::getline(lines, sample);) {
      const std::size_t space = sample.starts_with("TYPE ") ? sample.find(' ', 5) : sample.rfind(' ');
      EXPECT_TRUE(samples.emplace(sample.substr(0, space), sample.substr(space + 1)).second) << sample;
    }
    return samples;
  }
  std::map<std::string, std::string> read() { return read(must(store_.metrics_text())); }

  TempDir folder_;
  UserTagStore store_ = must(UserTagStore::open(folder_ / "users.db"));
};

TEST_F(MetricsText, HasTypesAndUnits) {
  auto samples = read();
  EXPECT_EQ(samples["TYPE usertags_users"], "gauge ");
  EXPECT_EQ(samples["TYPE usertags_memory_bytes"], "gauge bytes");
  EXPECT_EQ(samples["TYPE usertags_changes"], "counter ");
  EXPECT_EQ(samples["TYPE usertags_commit_seconds"], "histogram seconds");
  EXPECT_EQ(samples["TYPE usertags_group_writes"], "histogram ");
  EXPECT_EQ(samples["TYPE usertags_build"], "info ");
}

TEST_F(MetricsText, TellsWhatStatsTells) {
  must(store_.create_user("ann", {{"tier", "gold"}}));
  must(store_.create_user("bob", {{"tier", "gold"}, {"seats", "3"}}));
  must(store_.apply("bob", TagBatch().set("seats", "4")));
  const Stats stats = store_.stats();
  auto samples = read();
  EXPECT_EQ(samples["usertags_revision"], "3");
  EXPECT_EQ(samples["usertags_users"], "2");
  EXPECT_EQ(samples["usertags_tags"], "3");
  EXPECT_EQ(samples["usertags_memory_bytes{part=\"records\"}"], std::to_string(stats.record_bytes));
  EXPECT_EQ(samples["usertags_wal_bytes"], std::to_string(stats.wal_bytes));
  EXPECT_EQ(samples["usertags_backlog_users"], "1");
  EXPECT_EQ(samples["usertags_log_floor"], "1");
  EXPECT_EQ(samples["usertags_failed"], "0");
  EXPECT_EQ(samples["usertags_changes_total"], "3");
  EXPECT_EQ(samples["usertags_commit_seconds_count"], std::to_string(stats.commits));
}

TEST_F(MetricsText, CountsWhatBecameOfWrites) {
  must(store_.create_user("ann", {{"tier", "gold"}}));
  must(store_.apply("ann", TagBatch().set("tier", "gold")));                            // unchanged
  must(store_.apply("ann", TagBatch().set("seats", "3"), {.token = "t"}));              // changed
  must(store_.apply("ann", TagBatch().set("seats", "3"), {.token = "t"}));              // replayed
  std::ignore = store_.apply("ann", TagBatch().set("seats", "4"), {.token = "t"});      // token_reused
  std::ignore = store_.create_user("ann");                                              // user_exists
  std::ignore = store_.apply("nobody", TagBatch());                                     // user_not_found
  std::ignore = store_.apply("ann", TagBatch().create("tier", "x").update("", "y#"));   // three violations
  std::ignore = store_.apply("ann", TagBatch(), {.deadline = std::chrono::steady_clock::time_point()});
  const Write refused = PatchUser{"ann", TagBatch().create("tier", "x"), {}};
  std::ignore =
      store_.apply_all(std::vector<Write>{refused, CreateUser{"bob", {}, {}}});   // one violation, two writes
  auto samples = read();
  EXPECT_EQ(samples["usertags_answered_writes_total{outcome=\"changed\"}"], "2");
  EXPECT_EQ(samples["usertags_answered_writes_total{outcome=\"unchanged\"}"], "1");
  EXPECT_EQ(samples["usertags_answered_writes_total{outcome=\"replayed\"}"], "1");
  const auto refusals = [&](const std::string& code) {
    return samples["usertags_refused_writes_total{code=\"" + code + "\"}"];
  };
  EXPECT_EQ(refusals("token_reused"), "1");
  EXPECT_EQ(refusals("user_exists"), "1");
  EXPECT_EQ(refusals("user_not_found"), "1");
  EXPECT_EQ(refusals("batch_refused"), "3");
  EXPECT_EQ(refusals("timeout"), "1");
  EXPECT_EQ(refusals("busy"), "0");
  const auto violations = [&](const std::string& reason) {
    return samples["usertags_violations_total{reason=\"" + reason + "\"}"];
  };
  EXPECT_EQ(violations("key_exists"), "2");
  EXPECT_EQ(violations("empty_key"), "1");
  EXPECT_EQ(violations("forbidden_character"), "1");
  EXPECT_EQ(violations("key_missing"), "0");
  EXPECT_EQ(samples["usertags_waiting_writes"], "0");
}

TEST_F(MetricsText, CountsGroupsByTheirSize) {
  std::vector<Write> writes;
  for (int n = 0; n < 1'030; ++n) writes.emplace_back(CreateUser{"user " + std::to_string(n), {}, {}});
  std::ignore = store_.apply_each(writes);   // groups of 1,024 and of 6
  must(store_.delete_user("user 0"));
  must(store_.delete_user("user 1"));
  must(store_.checkpoint());   // no group
  auto samples = read();
  const auto up_to = [&](const std::string& bound) {
    return samples["usertags_group_writes_bucket{le=\"" + bound + "\"}"];
  };
  EXPECT_EQ(up_to("1.0"), "2");
  EXPECT_EQ(up_to("4.0"), "2");
  EXPECT_EQ(up_to("8.0"), "3");
  EXPECT_EQ(up_to("512.0"), "3");
  EXPECT_EQ(up_to("1024.0"), "4");
  EXPECT_EQ(up_to("+Inf"), "4");
  EXPECT_EQ(samples["usertags_group_writes_sum"], "1032");
}

TEST_F(MetricsText, CountsBusy) {
  Options options;
  options.busy_timeout = 0ms;
  must(store_.close());
  store_ = must(UserTagStore::open(folder_ / "users.db", options));
  StockSqlite other(folder_ / "users.db");
  other.run("BEGIN IMMEDIATE");
  EXPECT_EQ(code_of(store_.create_user("ann")), ErrorCode::busy);
  EXPECT_EQ(read()["usertags_refused_writes_total{code=\"busy\"}"], "1");
}

// In memory, writes wait while a copy is made.
TEST_F(MetricsText, CountsWhoWaitsAndWhoGaveUpWaiting) {
  store_ = must(UserTagStore::open_in_memory());
  must(store_.create_user("ann"));
  bool is_first = true;
  must(store_.backup(folder_ / "copy.db", [&](auto, auto) {
    if (!std::exchange(is_first, false)) return true;
    std::jthread([&] {
      const auto soon = std::chrono::steady_clock::now() + 10ms;
      EXPECT_EQ(code_of(store_.create_user("bob", {}, {.deadline = soon})), ErrorCode::timeout);
    }).join();
    return true;
  }));
  auto samples = read();
  EXPECT_EQ(samples["usertags_refused_writes_total{code=\"timeout\"}"], "1");
  EXPECT_EQ(samples["usertags_waiting_writes"], "0");
}

// Cumulative buckets, and a count that is the last of them: the parser refuses anything else.
TEST_F(MetricsText, FitsTogetherWhileOthersWrite) {
  std::atomic<bool> done{false};
  std::jthread writer([&] {
    for (int n = 0; n < 2'000; ++n) must(store_.create_user("user " + std::to_string(n)));
    done = true;
  });
  int reads = 0;
  while (!done || reads < 2) {
    auto samples = read();
    EXPECT_EQ(samples["usertags_commit_seconds_count"],
              samples["usertags_commit_seconds_bucket{le=\"+Inf\"}"]);
    ++reads;
  }
}

TEST_F(MetricsText, OfAReadOnlyStoreHasTheDataAndNoWrites) {
  must(store_.create_user("ann"));
  auto reader = must(UserTagStore::open(folder_ / "users.db", {.access = Access::read_only}));
  auto samples = read(must(reader.metrics_text()));
  EXPECT_EQ(samples["usertags_users"], "1");
  EXPECT_EQ(samples["usertags_answered_writes_total{outcome=\"changed\"}"], "0");
  must(reader.close());
  EXPECT_EQ(code_of(reader.metrics_text()), ErrorCode::store_closed);
}

TEST_F(MetricsText, CountsWhatWasSubmitted) {
  const std::vector<Write> writes{CreateUser{"ann"}, CreateUser{"bob"}, CreateUser{"ann"}};
  must(store_.submit(std::vector(writes), [](std::vector<Result<Applied>>&&) {}));
  auto samples = read();
  EXPECT_EQ(samples["usertags_submitted_writes_total"], "3");
  EXPECT_EQ(samples["usertags_unanswered_submitted_writes"], "3");
  EXPECT_NE(samples["usertags_unanswered_submitted_bytes"], "0");
  EXPECT_EQ(samples["usertags_waiting_writes"], "3");
  must(store_.drain());
  samples = read();
  EXPECT_EQ(samples["usertags_submitted_writes_total"], "3");
  EXPECT_EQ(samples["usertags_unanswered_submitted_writes"], "0");
  EXPECT_EQ(samples["usertags_unanswered_submitted_bytes"], "0");
  EXPECT_EQ(samples["usertags_waiting_writes"], "0");
  EXPECT_EQ(samples["usertags_answered_writes_total{outcome=\"changed\"}"], "2");
}

}   // namespace
}   // namespace usertags::test
