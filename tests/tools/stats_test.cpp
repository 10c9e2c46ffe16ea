// stats: figures, distributions, and what a host tells.
#include <gtest/gtest.h>

#include <csignal>
#include <filesystem>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "input/host_figures.hpp"
#include "output/distribution.hpp"
#include "output/text.hpp"
#include "parts.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

using command::Distribution;
using command::HostFigures;
using Counts = std::map<std::uint64_t, std::uint64_t>;

std::string plot_of(const Distribution& distribution, std::size_t columns,
                    const Distribution* before = nullptr) {
  std::string out;
  command::append_plot(out, "T", distribution, before, columns, command::Style::plain());
  return out;
}

// --- Distributions. ---

TEST(Distribution, KnowsItsPercentiles) {
  Distribution hundred(Distribution::Unit::plain);
  EXPECT_EQ(hundred.percentile(50), 0U);
  for (std::uint64_t amount = 100; amount > 0; --amount) hundred.add(amount);
  EXPECT_EQ(hundred.count(), 100U);
  EXPECT_EQ(hundred.total(), 5050U);
  EXPECT_EQ(hundred.percentile(50), 50U);
  EXPECT_EQ(hundred.percentile(99), 99U);
  EXPECT_EQ(hundred.max(), 100U);
  Distribution one(Distribution::Unit::plain);
  one.add(7);
  for (const std::uint64_t percent : {1U, 50U, 99U, 100U}) EXPECT_EQ(one.percentile(percent), 7U);
}

TEST(Distribution, HasABarForEachAmountOrForPartsOfPowersOfTwo) {
  Distribution few(Distribution::Unit::plain);
  for (const std::uint64_t amount : {0U, 3U, 3U, 7U}) few.add(amount);
  EXPECT_EQ(few.bars().counts, (Counts{{0, 1}, {3, 2}, {7, 1}}));
  Distribution sizes(Distribution::Unit::bytes);
  for (const std::uint64_t amount : {4U, 5U, 8U, 33U}) sizes.add(amount);
  Counts fine = sizes.bars().counts;   // eight to each power of two
  EXPECT_EQ(fine.size(), 22U);
  std::erase_if(fine, [](const auto& bar) { return bar.second == 0; });
  EXPECT_EQ(fine, (Counts{{4, 1}, {5, 1}, {8, 1}, {36, 1}}));
  EXPECT_EQ(sizes.bars().bar_of(34), 36U);
  sizes.add(400);
  EXPECT_EQ(sizes.bars().counts,   // two to each
            (Counts{{4, 1},
                    {6, 1},
                    {8, 1},
                    {12, 0},
                    {16, 0},
                    {24, 0},
                    {32, 0},
                    {48, 1},
                    {64, 0},
                    {96, 0},
                    {128, 0},
                    {192, 0},
                    {256, 0},
                    {384, 0},
                    {512, 1}}));
  Distribution wide(Distribution::Unit::bytes);
  for (const std::uint64_t amount : {std::uint64_t{0}, std::uint64_t{1} << 63, UINT64_MAX}) wide.add(amount);
  EXPECT_EQ(wide.bars().counts.size(), 66U);
  EXPECT_EQ(wide.bars().counts.rbegin()->first, Distribution::kUnbounded);
  EXPECT_TRUE(Distribution(Distribution::Unit::bytes).bars().counts.empty());
}

TEST(Distribution, IsDrawnInTheWidthThereIs) {
  Distribution times(Distribution::Unit::nanoseconds);
  times.add_bucket(1'023, 0);
  times.add_bucket(4'095, 90);
  times.add_bucket(16'383, 9);
  times.add_bucket(65'535, 0);
  times.add_bucket(262'143, 1);
  times.add_bucket(Distribution::kUnbounded, 0);
  times.set_total(400'000);
  EXPECT_EQ(plot_of(times, 40),
            "T  100, 4.00 µs on average\n"
            "  ≤ 4.09 µs  90  p50  ██████████████████\n"
            "  ≤ 16.4 µs   9  p99  █▊\n"
            "  ≤ 65.5 µs   0\n"
            "   ≤ 262 µs   1  max  ▎\n");
  Distribution before = times;
  times.add_bucket(16'383, 5);
  EXPECT_EQ(plot_of(times, 46, &before),
            "T  105, 3.81 µs on average\n"
            "  ≤ 4.09 µs  90   ·  p50  ████████████████████\n"
            "  ≤ 16.4 µs  14  +5  p99  ███▏\n"
            "  ≤ 65.5 µs   0   ·\n"
            "   ≤ 262 µs   1   ·  max  ▎\n");
  EXPECT_EQ(plot_of(Distribution(Distribution::Unit::nanoseconds), 40), "T  none\n");
  for (const std::size_t columns : {24U, 40U, 80U, 200U}) {
    for (const std::string& line : lines_of(plot_of(times, columns, &before)))
      EXPECT_LE(command::width(line), columns) << line;
  }
}

TEST(Distribution, TellsWhatIsBeyondItsBounds) {
  Distribution times(Distribution::Unit::nanoseconds);
  times.add_bucket(17'179'869'183, 1);
  times.add_bucket(Distribution::kUnbounded, 1);
  EXPECT_NE(plot_of(times, 60).find("> 17.2 s"), std::string::npos);
  std::string json;
  append_json(json, times, "_ns");
  EXPECT_EQ(json, R"({"count":2,"total_ns":0,"p50_ns":17179869183,"p99_ns":null,"max_ns":null,"buckets":)"
                  R"([{"up_to_ns":17179869183,"count":1},{"up_to_ns":null,"count":1}]})");
}

TEST(TimeSpan, HasThreeDigits) {
  const std::vector<std::pair<std::uint64_t, const char*>> cases = {
      {0, "0 ns"},          {999, "999 ns"},           {1'000, "1.00 µs"},         {9'994, "9.99 µs"},
      {9'995, "10.0 µs"},   {99'949, "99.9 µs"},       {99'951, "100 µs"},         {999'499, "999 µs"},
      {999'501, "1.00 ms"}, {1'500'000'000, "1.50 s"}, {17'179'869'183, "17.2 s"},
  };
  for (const auto& [nanoseconds, text] : cases) EXPECT_EQ(command::time_span(nanoseconds), text);
}

// --- What a host tells. ---

TEST(HostFigures, AreReadAmongOthers) {
  const auto figures = HostFigures::parse(
      "# TYPE usertags_revision gauge\nusertags_revision 7\ngo_threads 5\nusertags_refused_writes_total{code=\"busy\"} 2\n"
      "usertags_refused_writes_total{code=\"timeout\"} 3 1700000000.5\nusertags_broken\nusertags_open{ 1\n"
      "usertags_commit_seconds_bucket{le=\"0.000001023\"} 1\nusertags_commit_seconds_bucket{le=\"0.000004095\"} 4\n"
      "usertags_commit_seconds_bucket{le=\"+Inf\"} 5 # {trace=\"x\"} 1.0\nusertags_commit_seconds_sum 0.000020000\n"
      "# EOF\r\n");
  ASSERT_TRUE(figures) << figures.error().message();
  EXPECT_EQ(figures->number("revision"), 7U);
  EXPECT_EQ(figures->number("nonsense"), 0U);
  EXPECT_EQ(figures->number("refused_writes_total{code=\"timeout\"}"), 3U);
  EXPECT_EQ(figures->sum("refused_writes_total"), 5U);
  const Distribution commit = figures->histogram("commit_seconds");
  EXPECT_EQ(commit.counts(), (Counts{{1'023, 1}, {4'095, 3}, {Distribution::kUnbounded, 1}}));
  EXPECT_EQ(commit.total(), 20'000U);
}

TEST(HostFigures, AreRefusedWhereTheyAreNotWhole) {
  for (const char* text :
       {"", "# EOF", "usertags_revision 7\n", "usertags_revision 7\n# EO", "\n\n", "revision 7\n# EOF\n"}) {
    const auto figures = HostFigures::parse(text);
    ASSERT_FALSE(figures) << text;
    EXPECT_EQ(figures.error(), ErrorCode::invalid_argument);
  }
}

// --- The command, beside a host. ---

class StatsOfAHost : public testing::Test {
 protected:
  void SetUp() override {
    for (int n = 0; n < 5; ++n) {
      const auto created =
          host_.create_user("user " + std::to_string(n), n % 2 == 0 ? TagList() : TagList{{"k", "v"}});
      ASSERT_TRUE(created);
    }
    ASSERT_FALSE(host_.apply("nobody", TagBatch().set("k", "v")));
    tell();
  }

  // As a host should: a reader sees the old text, or the new one.
  void tell() {
    write_file(folder_ / "told.new", *host_.metrics_text());
    std::filesystem::rename(folder_ / "told.new", metrics_);
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
  const std::string metrics_ = (folder_ / "host.prom").string();
  UserTagStore host_ = *UserTagStore::open(store_);
};

TEST_F(StatsOfAHost, AreWhatTheFileTellsWithoutIt) {
  const auto stats = boost::json::parse(run({"stats", store_, "--json"}).out);
  EXPECT_EQ(number_at(stats, "users"), 5);
  EXPECT_EQ(number_at(stats, "revision"), 5);
  EXPECT_GT(number_at(stats, "wal_bytes"), 0);
  EXPECT_EQ(serialize(at(stats, "tags_per_user")), R"([{"tags":0,"users":3},{"tags":1,"users":2}])");
  EXPECT_EQ(serialize(at(stats, "bytes_per_user.buckets")),
            R"([{"up_to":6,"count":3},{"up_to":7,"count":0},{"up_to":8,"count":2}])");
  EXPECT_EQ(number_at(stats, "bytes_per_user.total"), 5 * 6 + 2 * 2);
  EXPECT_TRUE(at(stats, "host").is_null());
  const std::string people = run({"stats", store_}).out;
  EXPECT_NE(people.find("TAGS OF A USER  5, 0.4 on average\n"), std::string::npos) << people;
  EXPECT_NE(people.find("\n  0  3  p50      ██████"), std::string::npos) << people;
  EXPECT_NE(people.find("known inside the process that writes alone"), std::string::npos) << people;
  const auto text = lines_of(run({"stats", store_, "--openmetrics"}).out);
  ASSERT_FALSE(text.empty());
  EXPECT_EQ(text.back(), "# EOF");
}

TEST_F(StatsOfAHost, AreWhatItTellsWithIt) {
  const auto stats = boost::json::parse(run({"stats", store_, "--metrics", metrics_, "--json"}).out);
  const Stats told = host_.stats();
  EXPECT_EQ(number_at(stats, "host.figures.changed_writes"), 5);
  EXPECT_EQ(number_at(stats, "host.figures.refused_writes"), 1);
  EXPECT_EQ(number_at(stats, "host.figures.failed"), 0);
  EXPECT_EQ(number_at(stats, "host.commit.count"), static_cast<std::int64_t>(told.commit.count));
  EXPECT_EQ(number_at(stats, "host.commit.total_ns"), told.commit.total.count());
  EXPECT_GE(number_at(stats, "host.commit.max_ns"), told.commit.max.count());
  EXPECT_LT(number_at(stats, "host.commit.max_ns") / 4, told.commit.max.count());
  EXPECT_EQ(number_at(stats, "host.sync.count"), static_cast<std::int64_t>(told.sync.count));
  EXPECT_EQ(number_at(stats, "host.writes_per_group.total"), 6);
  const std::string people = run({"stats", store_, "--metrics", metrics_}).out;
  for (const char* part : {"THE PROCESS THAT WRITES", "\nrefused_writes    1\n", "\nCOMMIT  ", "\nSYNC  ",
                           "\nFOLD  ", "\nWRITES PER GROUP  6, 1.0 on average\n"})
    EXPECT_NE(people.find(part), std::string::npos) << part << people;
  EXPECT_EQ(people.find("alone"), std::string::npos);
  const std::string openmetrics = read_file(metrics_);
  EXPECT_EQ(
      boost::json::parse(run({"stats", store_, "--metrics", "-", "--json"}, openmetrics).out).at("host"),
      stats.at("host"));
}

TEST_F(StatsOfAHost, FollowIt) {
  RunningCommand command({"stats", store_, "--metrics", metrics_, "--every", "1s", "--json"});
  const auto first = boost::json::parse(command.read_line()).as_object();
  EXPECT_FALSE(first.contains("since"));
  ASSERT_TRUE(host_.create_user("late", {{"k", "v"}}));
  ASSERT_TRUE(host_.apply("user 1", TagBatch().erase("k")));
  tell();
  boost::json::value look;
  std::int64_t users = 0;
  std::int64_t tags = 0;
  do {
    look = boost::json::parse(command.read_line());
    EXPECT_GE(number_at(look, "since_ms"), 1);
    users += number_at(look, "since.users");
    tags += number_at(look, "since.tags");
  } while (number_at(look, "host.figures.changed_writes") < 7 || number_at(look, "revision") < 7);
  EXPECT_EQ(users, 1);
  EXPECT_EQ(tags, 0);
  EXPECT_EQ(serialize(at(look, "tags_per_user")), R"([{"tags":0,"users":4},{"tags":1,"users":2}])");
  command.signal(SIGINT);
  EXPECT_EQ(command.finish().exit_code, 130);
}

// A text that is being written is no reason to stop.
TEST_F(StatsOfAHost, GoOnWhereItTellsNothingWhole) {
  RunningCommand command({"stats", store_, "--metrics", metrics_, "--every", "1s", "--json"});
  command.read_line();
  write_file(metrics_, "usertags_revision 5\nusertags_us");
  boost::json::value look;
  while (!at(look = boost::json::parse(command.read_line()), "host").as_object().contains("error")) {
  }
  EXPECT_EQ(text_at(look, "host.error.code"), "invalid_argument");
  tell();
  while (at(look = boost::json::parse(command.read_line()), "host").as_object().contains("error")) {
  }
  EXPECT_EQ(number_at(look, "host.figures.changed_writes"), 5);
  command.signal(SIGTERM);
  EXPECT_EQ(command.finish().exit_code, 143);
}

TEST_F(StatsOfAHost, EndWhereTheStoreIsReplaced) {
  RunningCommand command({"stats", store_, "--every", "1s", "--json"});
  command.read_line();
  const std::string other = (folder_ / "other.db").string();
  ASSERT_EQ(run({"create-user", other, "another", "--init"}).exit_code, 0);
  ASSERT_TRUE(host_.close());
  std::filesystem::rename(other, store_);
  const Finished finished = command.finish();
  EXPECT_EQ(finished.exit_code, 3);
  EXPECT_EQ(text_at(boost::json::parse(finished.err), "error.code"), "store_failed");
}

}   // namespace
}   // namespace usertags::test
