// Memory that runs out below the store: what is prepared leaves no trace, and what is left open is made good.
#include <gtest/gtest.h>

#include <memory>
#include <new>
#include <optional>
#include <span>
#include <string>
#include <tuple>
#include <vector>

#include "index/make_step.hpp"
#include "index/projection.hpp"
#include "index/token_index.hpp"
#include "memory/failing_memory.hpp"
#include "sqlite/samples.hpp"
#include "store/write/folded_rows.hpp"
#include "support/outcome_of.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

class LayersMemory : public testing::TestWithParam<Sweep> {};

template <class Function>
bool runs_out(Function&& function) {
  try {
    function();
    return false;
  } catch (const std::bad_alloc&) {
    return true;
  }
}

TEST_P(LayersMemory, APreparationThatFailsLeavesNoTrace) {
  using index::Transition;
  index::Projection projection;
  index::TokenIndex tokens;
  std::vector<Transition> steps;
  for (std::uint32_t i = 1; i <= 40; ++i)
    steps.push_back({{}, index::version(i, i, "user " + std::to_string(i), {{"k", std::to_string(i % 5)}})});
  std::vector<std::string> texts;
  for (int i = 0; i < 40; ++i) texts.push_back("token " + std::to_string(i));
  std::vector<model::Token> given;
  for (std::size_t i = 0; i < texts.size(); ++i)
    given.push_back({.seq = i + 1, .revision = i, .text = texts[i]});

  bool fired = true;
  for (std::uint64_t nth = 0; fired; ++nth) {
    auto some = steps;
    std::unique_ptr<index::Projection::Publication> publication;
    index::TokenIndex::Addition addition;
    bool has_run_out = false;
    {
      const FailingMemory fault(GetParam().at(nth));
      has_run_out = runs_out([&] {
        addition = tokens.prepare(given);
        publication = projection.prepare(std::move(some), 40);
      });
      fired = fault.fired();
      if (has_run_out) publication.reset(), addition.clear();
    }
    ASSERT_EQ(has_run_out, fired) << nth;
    ASSERT_EQ(projection.visible_revision(), 0U);
    ASSERT_FALSE(tokens.find(texts[0]));
    if (fired) {
      ASSERT_EQ(projection.counters().tag_keys, 0U) << nth;
      continue;
    }
    const FailingMemory none({.nth = 0, .sticky = true});   // publishing needs no memory
    projection.publish(std::move(publication), [&]() noexcept { tokens.publish(addition); });
    EXPECT_FALSE(none.fired());
  }
  EXPECT_EQ(projection.counters().users, 40U);
  EXPECT_EQ(tokens.size(), 40U);
  projection.check_tag_index([](auto, auto, auto what) { ADD_FAILURE() << what; });
}

TEST_P(LayersMemory, ACommitIsWholeOrNothingAndLeavesNothingOpen) {
  const TempDir folder(memory_folder());
  sqlite::Database database(config_of(folder / "a.db"), first_state());
  std::uint64_t revision = 0;
  bool fired = true;
  for (std::uint64_t nth = 0; fired; ++nth) {
    auto outcome = sqlite::CommitOutcome::not_applied;
    std::optional<Error> failure;
    {
      const FailingMemory fault(GetParam().at(nth));
      std::ignore = runs_out([&] {
        failure = failure_of([&] {
          auto commit = commit_change(database, revision + 1);
          outcome = commit.outcome;
          failure = commit.error;
        });
      });
      fired = fault.fired();
    }
    EXPECT_TRUE(!failure || *failure == ErrorCode::out_of_memory) << failure->message();
    ASSERT_NE(outcome, sqlite::CommitOutcome::unknown) << nth;
    ASSERT_FALSE(database.connection().in_transaction()) << nth;
    if (outcome == sqlite::CommitOutcome::committed) ++revision;
    ASSERT_EQ(database.state().read().revision, revision) << nth;
  }
  EXPECT_GE(revision, 1U);
}

// The companion's thread has no memory while the group still comes.
TEST(LayersMemoryElsewhere, WhatIsOfferedInVainLeavesNoTrace) {
  index::Projection projection;
  std::vector<index::Transition> users;
  for (std::uint32_t i = 1; i <= 300; ++i) {
    users.push_back(
        {{}, index::version(i, i, "user " + std::to_string(i), {{"k", "value " + std::to_string(i)}})});
  }
  for (int refused = 0; refused < 3;) {
    std::vector<index::Transition> steps = users;
    std::unique_ptr<index::Projection::Publication> publication = projection.begin(steps.size());
    bool has_failed = false;
    {
      const FailingMemoryElsewhere fault;
      for (std::size_t i = 1; i <= steps.size(); ++i) publication->offer(std::span(steps).first(i));
      publication = projection.prepare(std::move(publication), std::move(steps), 300);
      has_failed = runs_out([&] { publication->expect(); });
      ASSERT_EQ(has_failed, fault.fired());
    }
    if (!has_failed) continue;   // all of it was done here
    ++refused;
    publication.reset();
    ASSERT_EQ(projection.counters().tag_keys, 0U);
  }
  auto publication = projection.prepare(std::move(users), 300);
  publication->expect();
  projection.publish(std::move(publication));
  EXPECT_EQ(projection.counters().tag_values, 300U);
  projection.check_tag_index([](auto, auto, auto what) { ADD_FAILURE() << what; });
}

// The companion's thread has no memory for them: who asks for them makes them.
TEST(LayersMemoryElsewhere, RowsThatAreNotMadeBesideAreMadeHere) {
  index::Projection projection;
  std::vector<index::Transition> users;
  std::vector<std::uint32_t> ordinals;
  for (std::uint32_t i = 1; i <= 300; ++i) {
    users.push_back({{}, index::version(i, i, "user " + std::to_string(i), {{"k", "v"}})});
    ordinals.push_back(i);
  }
  auto publication = projection.prepare(std::move(users), 300);
  publication->expect();
  projection.publish(std::move(publication));
  for (int refused = 0; refused < 3;) {
    store::FoldedRows rows(projection);
    {
      const FailingMemoryElsewhere fault;
      rows.begin(std::vector(ordinals), 300);
      rows.finish();
      if (!fault.fired()) continue;
    }
    ++refused;
    std::vector<std::uint32_t> seen;
    rows.visit(ordinals, 300, [&](std::span<const sqlite::UserFold::Row> some) {
      for (const sqlite::UserFold::Row& row : some) {
        seen.push_back(row.ordinal);
        EXPECT_EQ(row.tags, R"({"k":"v"})");
      }
    });
    EXPECT_EQ(seen, ordinals);
  }
}

INSTANTIATE_TEST_SUITE_P(Sweeps, LayersMemory,
                         testing::Values(Sweep{Allocator::cxx, false}, Sweep{Allocator::sqlite, false},
                                         Sweep{Allocator::both, true}),
                         testing::PrintToStringParamName());

}   // namespace
}   // namespace usertags::test
