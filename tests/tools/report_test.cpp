// report: the parts of the page, what the command answers, and what it refuses. How the page works is tested in a
// browser (report_in_browser).
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "parts.hpp"
#include "report/markup.hpp"
#include "report/survey.hpp"
#include "report/time_series.hpp"
#include "running_command.hpp"

namespace usertags::test {
namespace {

namespace fs = std::filesystem;
using command::histogram_of;
using command::survey;
using command::Survey;
using command::TimeSeries;
using std::chrono::days;
using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

TimeSeries::Time at(milliseconds time) {
  return TimeSeries::Time(time);
}

TEST(ReportTimeSeries, GrowsItsStepsAndLosesNothing) {
  TimeSeries series;
  EXPECT_TRUE(series.stretches().empty());
  for (int second = 0; second < 60; ++second) series.add(at(seconds(second)), 0);
  EXPECT_EQ(series.step(), seconds(1));
  EXPECT_EQ(series.stretches().size(), 60u);
  series.add(at(seconds(60)), 2);
  EXPECT_EQ(series.step(), seconds(5));
  ASSERT_EQ(series.stretches().size(), 13u);
  EXPECT_EQ(series.stretches()[0].counts[0], 5u);
  EXPECT_EQ(series.stretches()[12].counts[2], 1u);
  series.add(at(days(3'650)), 1);
  EXPECT_EQ(series.step(), days(84));
  EXPECT_EQ(series.stretches().size(), 44u) << "also those without any";
  EXPECT_EQ(series.stretches()[0].counts[0], 60u);
}

TEST(ReportTimeSeries, TakesTimesInAnyOrderAndBefore1970) {
  TimeSeries series;
  series.add(at(seconds(2)), 0);
  series.add(at(milliseconds(-1)), 0);
  const auto stretches = series.stretches();
  ASSERT_EQ(stretches.size(), 4u);
  EXPECT_EQ(stretches[0].from, at(seconds(-1)));
  EXPECT_EQ(stretches[3].from, at(seconds(2)));
}

TEST(ReportHistogram, HasRoundBinsThatHoldEveryone) {
  const auto found = histogram_of({{-7, 1}, {0, 3}, {12, 1}, {90, 5}});
  EXPECT_EQ(found.min, -7);
  EXPECT_EQ(found.median, 12);
  EXPECT_EQ(found.max, 90);
  EXPECT_EQ(found.bins.front().from, -10);
  EXPECT_EQ(found.bins.front().to, -1);
  std::uint64_t users = 0;
  for (const auto& bin : found.bins) users += bin.users;
  EXPECT_EQ(users, 10u);
  const std::int64_t big = std::int64_t{1} << 53;
  EXPECT_LE(histogram_of({{-big, 1}, {big, 1}}).bins.size(), 20u);
  EXPECT_EQ(histogram_of({{7, 2}}).bins.size(), 1u);
}

TEST(ReportMarkup, KeepsTextWhereItIs) {
  EXPECT_EQ(command::html("<a href=\"'&"), "&lt;a href=&quot;&#39;&amp;");
  EXPECT_EQ(command::html("a\u202eb\u2028c\u200dd"), "a\\u202eb\\u2028c\u200dd");
  EXPECT_EQ(command::isolated(""), "<i>empty</i>");
  std::string json;
  command::append_script_string(json, "</script><!--\"\\\u2028");
  EXPECT_EQ(json, R"("\u003c/script>\u003c!--\"\\\\u2028")");
}

TEST(ReportMarkup, RoundsNoShareToNoneOrAll) {
  EXPECT_EQ(command::percent(0, 7), "0 %");
  EXPECT_EQ(command::percent(1, 1'000), "&lt;1 %");
  EXPECT_EQ(command::percent(999, 1'000), "&gt;99 %");
  EXPECT_EQ(command::percent(1'000, 1'000), "100 %");
  EXPECT_EQ(command::percent(1, 3), "33 %");
}

TEST(ReportMarkup, TellsTheTimeAsExactlyAsItIsMeant) {
  const auto time = at(seconds(1'772'373'909));
  EXPECT_EQ(command::moment(time, days(1)), "1 Mar 2026");
  EXPECT_EQ(command::moment(time, hours(1)), "1 Mar 2026, 14:05");
  EXPECT_EQ(command::moment(time, seconds(1)), "1 Mar 2026, 14:05:09");
}

// A store in memory, in which a day goes by between two writes.
class ReportSurvey : public testing::Test {
 protected:
  int day_ = 20'000;
  UserTagStore store_ = [this] {
    Options options;
    options.clock = [this] { return std::chrono::system_clock::time_point(days(++day_)); };
    return UserTagStore::open_in_memory(options).value();
  }();
  Survey look() const { return survey(store_).value(); }
};

TEST_F(ReportSurvey, OfAnEmptyStoreIsEmpty) {
  const Survey found = look();
  EXPECT_EQ(found.users.size() + found.keys.size() + found.changes + found.newest.size(), 0u);
  EXPECT_TRUE(found.created.stretches().empty());
}

TEST_F(ReportSurvey, CountsUsersKeysValuesPairsAndChanges) {
  store_.create_user("a", {{"tier", "gold"}, {"seats", "3"}}).value();
  store_.create_user("b", {{"tier", "gold"}}).value();
  store_.create_user("c", {{"tier", "trial"}, {"x", ""}}).value();
  store_.apply("a", TagBatch().set("seats", "4")).value();
  store_.delete_user("c").value();
  const Survey found = look();
  EXPECT_EQ(found.users.size(), 2u);
  EXPECT_EQ(found.created.stretches().size(), 25u) << "the hours of one day";
  EXPECT_EQ(found.changed.stretches().size(), 17u) << "the quarters of four days";
  EXPECT_EQ(found.kinds, (TimeSeries::Counts{3, 1, 1}));
  EXPECT_EQ(found.newest.at(0).kind, ChangeKind::deleted);
  EXPECT_EQ(found.newest.size(), 5u);
  ASSERT_EQ(found.keys.size(), 2u);
  EXPECT_EQ(found.keys[0], (KeyCount{"tier", 2}));
  EXPECT_EQ(found.keys[1], (KeyCount{"seats", 1}));
  EXPECT_EQ(found.details[0].top, (std::vector<ValueCount>{{"gold", 2}}));
  EXPECT_EQ(found.together, (std::vector<std::vector<std::uint64_t>>{{2, 1}, {1, 1}}));
}

TEST_F(ReportSurvey, ShowsTheValuesThatMostUsersHave) {
  std::vector<Write> writes;
  for (int n = 0; n < 30; ++n) {
    writes.push_back(CreateUser{
        std::to_string(n), {{"name", "n" + std::to_string(n / 3)}, {"age", std::to_string(n)}}, {}});
  }
  writes.push_back(CreateUser{"more", {{"name", "n5"}}, {}});
  for (const auto& created : store_.apply_each(writes)) created.value();
  const Survey found = look();
  ASSERT_EQ(found.details.size(), 2u);
  const auto& name = found.details[0];
  EXPECT_EQ(name.values, 10u);
  EXPECT_FALSE(name.histogram);
  ASSERT_EQ(name.top.size(), Survey::kValues);
  EXPECT_EQ(name.top[0], (ValueCount{"n5", 4}));
  EXPECT_EQ(name.top[1], (ValueCount{"n0", 3}));
  ASSERT_TRUE(found.details[1].histogram);
  EXPECT_EQ(found.details[1].histogram->median, 14);
}

TEST_F(ReportSurvey, ChoosesUsersEvenly) {
  std::vector<Write> writes;
  for (int n = 0; n < 12'345; ++n) writes.push_back(CreateUser{std::to_string(n), {}, {}});
  for (const auto& created : store_.apply_each(writes)) created.value();
  const Survey found = look();
  ASSERT_EQ(found.users.size(), 5'000u);
  int last = -1;
  for (const User& user : found.users) {
    const int number = std::stoi(std::string(user.external_id()));
    EXPECT_TRUE(number - last == 2 || number - last == 3) << number;
    last = number;
  }
  EXPECT_EQ(found.newest.size(), Survey::kNewestChanges);
}

class Report : public testing::Test {
 protected:
  void SetUp() override {
    ASSERT_EQ(run({"create-user", store_, "</script><script>1", "--init", "--set", "tier=<b>"}).exit_code, 0);
  }

  TempDir folder_;
  const std::string store_ = (folder_ / "users.db").string();
  const std::string file_ = (folder_ / "users.html").string();
};

TEST_F(Report, WritesAPageAndSaysSo) {
  const Finished done = run({"report", store_, "-o", file_, "--json"});
  EXPECT_EQ(done.exit_code, 0) << done.err;
  const auto answer = boost::json::parse(done.out);
  EXPECT_EQ(text_at(answer, "path"), file_);
  EXPECT_EQ(number_at(answer, "bytes"), static_cast<std::int64_t>(fs::file_size(file_)));
  EXPECT_EQ(number_at(answer, "users"), 1);
  EXPECT_EQ(number_at(answer, "users_in_table"), 1);
  EXPECT_EQ(number_at(answer, "revision"), 1);
  const Finished people = run({"report", store_, "-o", file_, "--force"});
  EXPECT_EQ(people.out.substr(0, people.out.find(": ")), "wrote " + file_);
  EXPECT_NE(people.out.find(", 1 user, revision 1\n"), std::string::npos) << people.out;
}

TEST_F(Report, WritesToStandardOutput) {
  const Finished page = run({"report", store_, "-o", "-"});
  EXPECT_EQ(page.exit_code, 0) << page.err;
  EXPECT_TRUE(page.out.starts_with("<!DOCTYPE html>\n"));
  EXPECT_TRUE(page.out.ends_with("</html>\n"));
  EXPECT_EQ(run({"report", store_, "-o", "-", "--json"}).exit_code, 2);
}

// Whatever runs bears a number that nobody could know who wrote into the store.
TEST_F(Report, RunsNothingOfTheStore) {
  const auto nonce_of = [&] {
    const std::string page = run({"report", store_, "-o", "-"}).out;
    const std::string nonce = page.substr(page.find("script-src 'nonce-") + 18, 32);
    EXPECT_NE(page.find("<script nonce=\"" + nonce + "\">"), std::string::npos);
    std::size_t ends = 0;
    for (std::size_t end = 0; (end = page.find("</script", end)) != std::string::npos; ++end) ++ends;
    EXPECT_EQ(ends, 2u);
    for (const char* address : {"http://", "https://", "@import", "src=", "url("})
      EXPECT_EQ(page.find(address), std::string::npos) << address;
    return nonce;
  };
  EXPECT_NE(nonce_of(), nonce_of());
}

TEST_F(Report, OverwritesNothingUnlessItIsForced) {
  write_file(file_, "words");
  const Finished refused = run({"report", store_, "-o", file_});
  EXPECT_EQ(refused.exit_code, 2);
  EXPECT_NE(refused.err.find("--force"), std::string::npos) << refused.err;
  EXPECT_EQ(read_file(file_), "words");
}

TEST_F(Report, WritesToNoFileOfAnyStore) {
  const std::string other = (folder_ / "other.db").string();
  ASSERT_EQ(run({"create-user", other, "bob", "--init"}).exit_code, 0);
  const std::string before = read_file(store_) + read_file(other);
  fs::create_symlink(store_, folder_ / "link");
  for (const std::string& target :
       {store_, store_ + "-wal", store_ + ".lock", other, other + "-shm", (folder_ / "link").string()}) {
    const Finished refused = run({"report", store_, "-o", target, "--force"});
    EXPECT_EQ(refused.exit_code, 2) << target;
  }
  EXPECT_EQ(read_file(store_) + read_file(other), before);
}

TEST_F(Report, NeedsAStoreAndAFileForThePage) {
  EXPECT_EQ(run({"report", store_}).exit_code, 2);
  EXPECT_EQ(run({"report", store_ + ".none", "-o", file_}).exit_code, 3);
  EXPECT_FALSE(fs::exists(file_));
  EXPECT_EQ(run({"report", store_, "-o", (folder_ / "none" / "x.html").string()}).exit_code, 3);
}

}   // namespace
}   // namespace usertags::test
