// modify_where, apply_where and delete_where: writes to all users of a selector.
#include <gtest/gtest.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include "support/answers.hpp"
#include "support/fault_vfs.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using Decided = std::optional<TagBatch>;

std::string name_of(int number) {
  return "u" + std::to_string(number);
}

TagBatch set(std::string_view key, std::string_view value) {
  return TagBatch().set(key, value);
}

std::optional<ErrorCode> stopped(const WhereOutcome& outcome) {
  return outcome.stopped ? std::optional(outcome.stopped->code()) : std::nullopt;
}

// matched, changed, unchanged, refused
std::vector<std::uint64_t> counts(const WhereOutcome& outcome) {
  return {outcome.matched, outcome.changed, outcome.unchanged, outcome.refused};
}
using Counts = std::vector<std::uint64_t>;

class Where : public testing::Test {
 protected:
  static Options relaxed() {
    Options options;
    options.durability = Durability::relaxed;
    return options;
  }

  // u0, u1 … with n=0, 1 …; the even ones with even=yes.
  void fill(UserTagStore& store, int users) {
    std::vector<Write> writes;
    for (int n = 0; n < users; ++n) {
      TagList tags{{"n", std::to_string(n)}};
      if (n % 2 == 0) tags.add("even", "yes");
      writes.push_back(CreateUser{name_of(n), std::move(tags), {}});
    }
    for (const auto& answer : store.apply_each(writes)) must(answer);
  }
  std::uint64_t count(const Selector& selector) { return must(store_.count(selector)).count; }

  const Selector even_ = key("even").exists();
  UserTagStore store_ = must(UserTagStore::open_in_memory());
};

TEST_F(Where, TakesTheTextOfASelector) {
  fill(store_, 10);
  EXPECT_EQ(counts(store_.apply_where("even", set("seen", "1"))), (Counts{5, 5, 0, 0}));
  const auto to_two = [](const User&) { return set("seen", "2"); };
  EXPECT_EQ(counts(store_.modify_where(std::string("n in (1,2)"), to_two)), (Counts{2, 2, 0, 0}));
  EXPECT_EQ(counts(store_.delete_where("seen=2")), (Counts{2, 2, 0, 0}));
  EXPECT_EQ(stopped(store_.apply_where("even=", set("seen", "1"))), std::nullopt);
  EXPECT_EQ(stopped(store_.apply_where("=even", set("seen", "1"))), ErrorCode::invalid_selector);
  EXPECT_EQ(stopped(store_.modify_where("=even", to_two)), ErrorCode::invalid_selector);
  EXPECT_EQ(stopped(store_.delete_where("=even")), ErrorCode::invalid_selector);
  EXPECT_EQ(stopped(store_.delete_where("")), ErrorCode::invalid_argument) << "that is everybody";
}

TEST_F(Where, AppliesABatchToAllAndLeavesTheOthers) {
  fill(store_, 3'000);
  const WhereOutcome outcome = store_.apply_where(even_, set("seen", "1"), {.note = "why"});
  EXPECT_EQ(counts(outcome), (Counts{1'500, 1'500, 0, 0}));
  EXPECT_EQ(stopped(outcome), std::nullopt);
  EXPECT_FALSE(outcome.next);
  EXPECT_EQ(count(key("seen") == "1"), 1'500U);
  EXPECT_EQ(count(key("seen").exists() && !even_), 0U);
  EXPECT_EQ(must(store_.history("u0")).changes[0].note, "why");
  EXPECT_EQ(counts(store_.apply_where(even_, set("seen", "1"))), (Counts{1'500, 0, 1'500, 0}));
}

TEST_F(Where, AsksTheFunctionInTheOrderOfCreationAboutEachOnce) {
  fill(store_, 2'500);
  std::vector<std::string> asked;
  const WhereOutcome outcome = store_.modify_where(even_, [&](const User& user) -> Decided {
    asked.emplace_back(user.external_id());
    if (asked.size() % 5 == 0) return std::nullopt;
    return set("twice", std::to_string(2 * std::stoi(value_of(user, "n"))));
  });
  EXPECT_EQ(counts(outcome), (Counts{1'250, 1'000, 250, 0}));
  ASSERT_EQ(asked.size(), 1'250U);
  for (std::size_t i = 0; i < asked.size(); ++i) ASSERT_EQ(asked[i], name_of(static_cast<int>(2 * i)));
  EXPECT_EQ(value_of(store_, "u4", "twice"), "8");
}

TEST_F(Where, DeletesThemAll) {
  fill(store_, 1'100);
  EXPECT_EQ(counts(store_.delete_where(even_, {.note = "gone"})), (Counts{550, 550, 0, 0}));
  EXPECT_EQ(store_.stats().users, 550U);
  EXPECT_EQ(count(even_), 0U);
}

TEST_F(Where, GroupsHaveAtMost1024Users) {
  fill(store_, 2'049);
  std::vector<std::uint64_t> told;
  const auto before = store_.stats().commits;
  const auto progress = [&](std::uint64_t done, std::uint64_t total) {
    EXPECT_EQ(total, 2'049U);
    told.push_back(done);
    return true;
  };
  const WhereOutcome outcome =
      store_.apply_where(Selector(), set("a", "1"), {.everybody = true, .progress = progress});
  EXPECT_EQ(counts(outcome), (Counts{2'049, 2'049, 0, 0}));
  EXPECT_EQ(told, (std::vector<std::uint64_t>{1'024, 2'048, 2'049}));
  EXPECT_EQ(store_.stats().commits - before, 3U);
}

TEST_F(Where, AnEmptySelectorHasToBeMeant) {
  fill(store_, 4);
  for (const WhereOutcome& refused :
       {store_.apply_where(Selector(), set("a", "1")), store_.delete_where(*Selector::parse(" ")),
        store_.delete_where(Selector(), {.dry_run = true})}) {
    EXPECT_EQ(stopped(refused), ErrorCode::invalid_argument);
    EXPECT_EQ(counts(refused), (Counts{0, 0, 0, 0}));
  }
  EXPECT_EQ(store_.revision(), 4U);
  EXPECT_EQ(counts(store_.delete_where(Selector(), {.everybody = true})), (Counts{4, 4, 0, 0}));
}

TEST_F(Where, MoreThanAtMostAreRefusedBeforeTheFirstWrite) {
  fill(store_, 10);
  const WhereOutcome refused = store_.apply_where(even_, set("a", "1"), {.at_most = 4});
  EXPECT_EQ(stopped(refused), ErrorCode::invalid_argument);
  EXPECT_EQ(refused.stopped->what(), "the selector matches 5 users, which is more than 4");
  EXPECT_EQ(store_.revision(), 10U);
  EXPECT_EQ(store_.apply_where(even_, set("a", "1"), {.at_most = 5}).changed, 5U);
  EXPECT_EQ(stopped(store_.apply_where(even_, set("a", "1"), {.at_most = 0})), ErrorCode::invalid_argument);
}

TEST_F(Where, WhoeverComesMeanwhileIsNotAmongThem) {
  fill(store_, 1'200);
  int asked = 0;
  const WhereOutcome outcome = store_.modify_where(Selector(),
                                                   [&](const User&) {
                                                     if (++asked == 1)
                                                       must(store_.create_user("late", {{"n", "0"}}));
                                                     return set("a", "1");
                                                   },
                                                   {.everybody = true});
  EXPECT_EQ(counts(outcome), (Counts{1'200, 1'200, 0, 0}));
  EXPECT_EQ(value_of(store_, "late", "a"), "(absent)");
}

TEST_F(Where, EachIsLookedAtAgainInItsTurn) {
  fill(store_, 8);   // even: u0 u2 u4 u6
  std::vector<std::string> asked;
  const WhereOutcome outcome = store_.modify_where(even_, [&](const User& user) {
    asked.emplace_back(user.external_id());
    if (asked.size() == 1) {
      must(store_.apply("u2", set("n", "20")));             // goes on to match
      must(store_.apply("u4", TagBatch().erase("even")));   // does not
      must(store_.delete_user("u6"));
    }
    return set("seen", value_of(user, "n"));
  });
  EXPECT_EQ(asked, (std::vector<std::string>{"u0", "u2"}))
      << "u4 and u6 were no longer meant when their turn came";
  EXPECT_EQ(counts(outcome), (Counts{2, 2, 0, 0}));
  EXPECT_EQ(value_of(store_, "u2", "seen"), "20");
  EXPECT_EQ(value_of(store_, "u4", "seen"), "(absent)");
}

// The write comes between the look and the write of the group, as that of another thread would.
TEST_F(Where, WhatTheFunctionSawIsWhatIsWrittenTo) {
  fill(store_, 8);
  std::vector<std::string> asked;
  const WhereOutcome outcome = store_.modify_where(even_, [&](const User& user) {
    asked.emplace_back(user.external_id());
    if (asked.size() == 4) {
      must(store_.apply("u0", set("n", "100")));
      must(store_.apply("u2", TagBatch().erase("even")));
      must(store_.delete_user("u4"));
    }
    return set("seen", value_of(user, "n"));
  });
  EXPECT_EQ(asked, (std::vector<std::string>{"u0", "u2", "u4", "u6", "u0"}));
  EXPECT_EQ(counts(outcome), (Counts{2, 2, 0, 0}));
  EXPECT_EQ(value_of(store_, "u0", "seen"), "100");
  EXPECT_EQ(value_of(store_, "u2", "seen"), "(absent)");
}

// Writes name users by external id, which another one may come to have before they are written.
TEST_F(Where, WhoHasTheirExternalIdByThenIsNotMeant) {
  fill(store_, 4);
  const auto again = [&](std::string_view external_id) {
    must(store_.delete_user(external_id));
    must(store_.create_user(external_id, {{"even", "yes"}, {"who", "another"}}));
  };
  bool is_first = true;
  const WhereOutcome patched = store_.modify_where(even_, [&](const User& user) {
    if (user.external_id() == "u2" && std::exchange(is_first, false)) again("u0"), again("u2");
    return set("seen", "yes");
  });
  EXPECT_EQ(counts(patched), (Counts{0, 0, 0, 0}));
  EXPECT_EQ(value_of(store_, "u0", "seen"), "(absent)");
  EXPECT_EQ(value_of(store_, "u2", "who"), "another");
  EXPECT_EQ(value_of(store_, "u2", "seen"), "(absent)");
}

TEST_F(Where, WhoLoses64TimesIsRefused) {
  fill(store_, 3);
  int asked = 0;
  const WhereOutcome outcome = store_.modify_where(key("n") == "2", [&](const User&) {
    must(store_.apply("u2", set("other", std::to_string(++asked))));
    return set("a", "1");
  });
  EXPECT_EQ(asked, 64);
  EXPECT_EQ(counts(outcome), (Counts{1, 0, 0, 1}));
  EXPECT_EQ(outcome.refusals.at(0).error.code(), ErrorCode::revision_mismatch);
  EXPECT_EQ(stopped(outcome), std::nullopt);
}

TEST_F(Where, RefusalsAreCountedAndTheRestGoesOn) {
  fill(store_, 2'100);
  const WhereOutcome outcome =
      store_.apply_where(Selector(), TagBatch().create("even", "no"), {.everybody = true});
  EXPECT_EQ(counts(outcome), (Counts{2'100, 1'050, 0, 1'050}));
  ASSERT_EQ(outcome.refusals.size(), WhereOutcome::kMaxRefusals);
  const Refusal& last = outcome.refusals.back();
  EXPECT_EQ(last.external_id, "u1998");
  EXPECT_EQ(last.user_id, std::string(store_.find("u1998")->id()));
  ASSERT_EQ(last.error, ErrorCode::batch_refused);
  EXPECT_EQ(last.error.violations()[0].current, "yes");
  EXPECT_FALSE(last.error.violations()[0].item);
}

TEST_F(Where, ADryRunPlansEachAndChangesNothing) {
  fill(store_, 10);
  must(store_.apply("u1", set("a", "1")));
  const WhereOptions dry{.everybody = true, .dry_run = true};
  const std::uint64_t revision = store_.revision();
  EXPECT_EQ(counts(store_.apply_where(Selector(), set("a", "1"), dry)), (Counts{10, 9, 1, 0}));
  EXPECT_EQ(counts(store_.apply_where(Selector(), TagBatch().update("even", "1"), dry)),
            (Counts{10, 5, 0, 5}));
  EXPECT_EQ(counts(store_.delete_where(Selector(), dry)), (Counts{10, 10, 0, 0}));
  EXPECT_EQ(store_.revision(), revision);
}

TEST_F(Where, ADryRunWorksInAReadOnlyStore) {
  const TempDir folder(memory_folder());
  auto writer = must(UserTagStore::open(folder / "users.db", relaxed()));
  fill(writer, 10);
  Options options;
  options.access = Access::read_only;
  auto reader = must(UserTagStore::open(folder / "users.db", options));
  EXPECT_EQ(counts(reader.apply_where(even_, set("a", "1"), {.dry_run = true})), (Counts{5, 5, 0, 0}));
  EXPECT_EQ(stopped(reader.apply_where(even_, set("a", "1"))), ErrorCode::read_only);
}

TEST_F(Where, GoesOnBehindItsCursor) {
  fill(store_, 3'000);
  const auto once = [](std::uint64_t, std::uint64_t) { return false; };
  const auto more = [&](const User& user) {
    return set("n", std::to_string(std::stoi(value_of(user, "n")) + 1));
  };
  WhereOptions options{.progress = once};
  std::uint64_t changed = 0;
  int calls = 0;
  do {
    const WhereOutcome outcome = store_.modify_where(even_, more, options);
    EXPECT_EQ(stopped(outcome), outcome.next ? std::optional(ErrorCode::cancelled) : std::nullopt);
    changed += outcome.changed;
    options.after = outcome.next;
    ++calls;
  } while (options.after);
  EXPECT_EQ(calls, 2) << "1,024 and 476 users";
  EXPECT_EQ(changed, 1'500U);
  for (const int n : {0, 1'000, 2'046, 2'048, 2'998})
    EXPECT_EQ(value_of(store_, name_of(n), "n"), std::to_string(n + 1)) << "each once";
  const WhereOptions of_another{.after = must(store_.list({.limit = 1})).next};
  EXPECT_EQ(stopped(store_.modify_where(even_, more, of_another)), ErrorCode::invalid_cursor);
}

TEST_F(Where, ADeadlineEndsIt) {
  fill(store_, 10);
  const auto late =
      store_.apply_where(even_, set("a", "1"), {.deadline = std::chrono::steady_clock::time_point()});
  EXPECT_EQ(stopped(late), ErrorCode::timeout);
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::milliseconds(5);
  const auto slow =
      store_.modify_where(even_,
                          [&](const User&) {
                            std::this_thread::sleep_until(deadline + std::chrono::milliseconds(1));
                            return set("a", "1");
                          },
                          {.deadline = deadline});
  EXPECT_EQ(stopped(slow), ErrorCode::timeout);
  EXPECT_EQ(counts(slow), (Counts{0, 0, 0, 0}));
  EXPECT_EQ(store_.revision(), 10U);
}

TEST_F(Where, WhatItIsAskedHasToBeSound) {
  fill(store_, 10);
  EXPECT_EQ(stopped(store_.apply_where(key("").exists(), set("a", "1"))), ErrorCode::invalid_selector);
  EXPECT_EQ(stopped(store_.apply_where(even_, set("a", "1"), {.note = std::string(201, 'n')})),
            ErrorCode::invalid_argument);
  EXPECT_EQ(counts(store_.apply_where(even_, set("", "1"))), (Counts{5, 0, 0, 5}));
  must(store_.close());
  EXPECT_EQ(stopped(store_.delete_where(even_)), ErrorCode::store_closed);
}

struct Surprise {};

TEST_F(Where, WhatTheFunctionThrowsReachesTheCaller) {
  fill(store_, 3'000);
  int asked = 0;
  const auto throws = [&](const User&) -> Decided {
    if (++asked == 1'500) throw Surprise();
    return set("a", "1");
  };
  EXPECT_THROW(std::ignore = store_.modify_where(Selector(), throws, {.everybody = true}), Surprise);
  EXPECT_EQ(asked, 1'500);
  EXPECT_EQ(count(key("a").exists()), 1'024U) << "the group before it is written";
}

TEST_F(Where, AFullDiskStopsItAndItGoesOnWhereItStopped) {
  const TempDir folder(memory_folder());
  FaultVfs vfs;
  auto store = must(UserTagStore::open(folder / "users.db", relaxed()));
  fill(store, 3'000);
  int groups = 0;
  const auto full_then = [&](std::uint64_t, std::uint64_t) {
    if (++groups == 1) vfs.arm({.sticky = true, .result = SQLITE_FULL, .system_error = ENOSPC});
    return true;
  };
  const auto more = [&](const User& user) {
    return set("n", std::to_string(std::stoi(value_of(user, "n")) + 1));
  };
  WhereOptions options{.everybody = true, .progress = full_then};
  const WhereOutcome first = store.modify_where(Selector(), more, options);
  EXPECT_EQ(stopped(first), ErrorCode::disk_full);
  EXPECT_EQ(counts(first), (Counts{1'024, 1'024, 0, 0}));
  vfs.disarm();
  options.after = first.next;
  const WhereOutcome rest = store.modify_where(Selector(), more, options);
  EXPECT_EQ(counts(rest), (Counts{1'976, 1'976, 0, 0}));
  for (const int n : {0, 1'023, 1'024, 2'999})
    EXPECT_EQ(value_of(store, name_of(n), "n"), std::to_string(n + 1));
}

TEST_F(Where, ThreadsLoseNoUpdate) {
  constexpr int kUsers = 100;
  constexpr int kEach = 20;
  fill(store_, kUsers);
  const auto more = [&](const User& user) {
    return set("n", std::to_string(std::stoi(value_of(user, "n")) + 1));
  };
  std::array<std::uint64_t, 4> changed{};
  {
    std::vector<std::jthread> threads;
    for (std::uint64_t& mine : changed) {
      threads.emplace_back([&] {
        for (int i = 0; i < kEach; ++i)
          mine += store_.modify_where(Selector(), more, {.everybody = true}).changed;
      });
    }
  }
  std::uint64_t sum = 0;
  std::uint64_t meant = kUsers * (kUsers - 1) / 2;
  for (const std::uint64_t mine : changed) meant += mine;
  for (int n = 0; n < kUsers; ++n) sum += std::stoul(value_of(store_, name_of(n), "n"));
  EXPECT_EQ(sum, meant);
}

}   // namespace
}   // namespace usertags::test
