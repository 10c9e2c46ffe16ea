#include "cluster/simulated/simulated_log.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/answers.hpp"

namespace usertags::cluster {
namespace {

using namespace std::chrono_literals;
using test::code_of;
using test::must;

class SimulatedLogTest : public testing::Test {
 protected:
  SimulatedLogTest() {
    log_.found({}, 1s);
    head_ = *must(log_.read_head(1s));
  }

  Head next() const {
    Head next = head_.head;
    ++next.entry;
    return next;
  }
  Attempt append(std::string_view entry) { return log_.append(head_, next(), entry, std::nullopt, 1s); }

  Simulation simulation_{7};
  SimulatedEngine engine_{simulation_};
  SimulatedLog log_{simulation_, engine_};
  SeenHead head_;
};

TEST_F(SimulatedLogTest, TheFenceIsVersionAndValue) {
  ASSERT_EQ(append("a").fate, Fate::applied);
  const Attempt again = append("a");
  EXPECT_EQ(again.fate, Fate::refused);
  EXPECT_EQ(again.entry, "a");
  EXPECT_EQ(again.head->head, next());
  EXPECT_EQ(again.lowest, 1U);
  // An engine that counts anew has the version, and another value.
  SeenHead other = *engine_.state.head;
  other.head.term = 9;
  EXPECT_EQ(log_.append(other, next(), "b", std::nullopt, 1s).fate, Fate::refused);
  EXPECT_EQ(log_.found({}, 1s).fate, Fate::refused);
}

TEST_F(SimulatedLogTest, ALeaseThatIsNotKeptEnds) {
  const Lease lease = must(log_.grant_lease(2s, 1s));
  Head after = head_.head;
  after.term = 1;
  ASSERT_EQ(log_.take_over(head_, after, {{.term = 1}, lease}, 1s).fate, Fate::applied);
  head_ = *engine_.state.head;
  ++after.term;
  EXPECT_EQ(log_.take_over(head_, after, {{.term = 2}, lease}, 1s).fate, Fate::refused) << "somebody leads";
  simulation_.sleep(1500ms);
  must(log_.keep_lease(lease, 1s));
  simulation_.sleep(1500ms);
  EXPECT_TRUE(must(log_.read_leader(1s)));
  simulation_.sleep(1500ms);
  EXPECT_FALSE(must(log_.read_leader(1s)));
  EXPECT_EQ(code_of(log_.keep_lease(lease, 1s)), ErrorCode::not_leader);
  EXPECT_EQ(log_.take_over(head_, after, {{.term = 2}, lease}, 1s).fate, Fate::failed);
}

// Each way to go wrong is what it says.
TEST_F(SimulatedLogTest, MessagesGoWrongAsAskedFor) {
  log_.faults.dropped = 1000;
  EXPECT_EQ(append("a").fate, Fate::no_answer);
  simulation_.sleep(1min);
  EXPECT_TRUE(engine_.state.entries.empty());
  log_.faults = {.failed = 1000};
  EXPECT_EQ(append("a").fate, Fate::failed);
  EXPECT_TRUE(engine_.state.entries.empty());
  log_.faults = {.late = 1000};
  EXPECT_EQ(append("a").fate, Fate::no_answer);
  simulation_.sleep(1min);
  EXPECT_EQ(engine_.state.entries.size(), 1U);
  log_.faults = {};
  head_ = *must(log_.read_head(1s));
  log_.faults = {.lost = 1000};
  EXPECT_EQ(append("b").fate, Fate::no_answer);
  EXPECT_EQ(engine_.state.entries.size(), 2U);
  log_.faults = {};
  head_ = *must(log_.read_head(1s));
  log_.faults = {.repeated = 1000};
  const std::int64_t version = engine_.state.head->version;
  EXPECT_EQ(append("c").fate, Fate::applied);
  simulation_.sleep(1min);
  EXPECT_EQ(engine_.state.head->version, version + 1) << "the second one is refused";
  log_.faults = {.is_cut = true};
  EXPECT_EQ(code_of(log_.read_head(1s)), ErrorCode::timeout);
  log_.stop();
  EXPECT_EQ(code_of(log_.read_head(1s)), ErrorCode::cancelled);
}

TEST_F(SimulatedLogTest, AWatchTellsWhatComesAndEndsWhereItIsCompacted) {
  const std::int64_t position = must(log_.read_entries(1, 100, 1s)).position;
  const auto watch = log_.watch(position);
  EXPECT_TRUE(watch->next(10ms).entries.empty());
  append("a");
  const Watch::Event event = watch->next(10ms);
  ASSERT_EQ(event.entries.size(), 1U);
  EXPECT_EQ(event.entries[0].bytes, "a");
  EXPECT_FALSE(event.ended);
  must(log_.trim(2, 1s));
  EXPECT_TRUE(log_.watch(position)->next(10ms).ended);
  const Stretch stretch = must(log_.read_entries(1, 100, 1s));
  EXPECT_TRUE(stretch.entries.empty());
  EXPECT_EQ(stretch.newest, 1U);
}

// While one waits, others run; the same seed does the same.
TEST(SimulationTest, TimePassesForAll) {
  std::vector<std::string> seen;
  Simulation simulation(1);
  simulation.after(20ms, [&] { seen.emplace_back("late"); });
  simulation.after(5ms, [&] {
    seen.emplace_back("waits");
    simulation.sleep(10ms);
    seen.emplace_back("waited");
  });
  simulation.after(10ms, [&] { seen.emplace_back("meanwhile"); });
  simulation.sleep(1s);
  EXPECT_EQ(seen, (std::vector<std::string>{"waits", "meanwhile", "waited", "late"}));
  Simulation same(1);
  Simulation other(2);
  EXPECT_EQ(Simulation(1).random(), same.random());
  EXPECT_NE(Simulation(1).random(), other.random());
}

}   // namespace
}   // namespace usertags::cluster
