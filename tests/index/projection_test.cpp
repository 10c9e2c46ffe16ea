#include "index/projection.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <atomic>
#include <list>
#include <map>
#include <string>
#include <thread>

#include "index/make_step.hpp"
#include "model/failure.hpp"

namespace usertags::index {
namespace {

using model::Record;
using model::RecordPtr;

// The users of one moment, in the order of their ordinals.
using Moment = std::map<std::uint32_t, RecordPtr>;

std::vector<RecordPtr> in_order(const Moment& moment) {
  std::vector<RecordPtr> records;
  for (const auto& [ordinal, record] : moment) records.push_back(record);
  return records;
}

void expect_same(const std::vector<RecordPtr>& found, const Moment& expected) {
  ASSERT_EQ(found.size(), expected.size());
  auto record = found.begin();
  for (const auto& [ordinal, version] : expected) {
    ASSERT_EQ((*record)->version_bytes(), version->version_bytes());
    ++record;
  }
}

std::vector<RecordPtr> all(const Projection::Snapshot& snapshot) {
  std::vector<RecordPtr> records;
  snapshot.for_each([&](const Record& record) { records.push_back(RecordPtr::share(record)); });
  return records;
}

std::vector<RecordPtr> all(const Projection& projection, std::size_t page_size) {
  std::vector<RecordPtr> records;
  std::uint32_t after = 0;
  while (true) {
    Projection::Page page = projection.list(after, page_size);
    for (RecordPtr& record : page.records) records.push_back(std::move(record));
    if (!page.more) return records;
    after = records.back()->ordinal();
  }
}

std::size_t index_problems(const Projection& projection) {
  std::size_t problems = 0;
  projection.check_tag_index([&](auto, auto, auto) { ++problems; });
  return problems;
}

void publish(Projection& projection, std::vector<Transition> steps) {
  const std::uint64_t revision = steps.back().after->revision();
  projection.publish(projection.prepare(std::move(steps), revision));
}

TEST(Projection, ShowsNothingOfAGroupBeforeItIsPublished) {
  Projection projection;
  auto publication = projection.prepare({{{}, version(1, 1, "ann", {{"tier", "gold"}})}}, 1);
  EXPECT_FALSE(projection.find("ann"));
  EXPECT_EQ(projection.visible_revision(), 0U);
  projection.publish(std::move(publication));
  EXPECT_EQ(projection.find("ann")->revision(), 1U);
  EXPECT_EQ(projection.find(id_of(1))->revision(), 1U);
  EXPECT_EQ(projection.visible_revision(), 1U);
}

TEST(Projection, AGroupThatIsDroppedLeavesNoTrace) {
  Projection projection;
  const RecordPtr ann = version(1, 1, "ann", {{"tier", "gold"}});
  publish(projection, {{{}, ann}});
  const Projection::Counters before = projection.counters();
  projection.prepare(
      {{ann, version(1, 2, "ann", {{"tier", "x"}})}, {{}, version(2, 3, "bob", {{"new", "y"}})}}, 3);
  const Projection::Counters after = projection.counters();
  EXPECT_EQ(after.users, before.users);
  EXPECT_EQ(after.tags, before.tags);
  EXPECT_EQ(after.tag_keys, before.tag_keys);
  EXPECT_EQ(after.tag_values, before.tag_values);
  EXPECT_EQ(projection.find("ann")->revision(), 1U);
  EXPECT_FALSE(projection.find("bob"));
}

TEST(Projection, AnIdNamesItsUserAlsoWhenTheExternalIdHasAnother) {
  Projection projection;
  const RecordPtr first = version(1, 1, "ann", {});
  const RecordPtr gone = Record::make_tombstone(*first, 2);
  publish(projection, {{{}, first}});
  const auto snapshot = projection.pin();
  publish(projection, {{first, gone}, {{}, version(2, 3, "ann", {})}});
  EXPECT_FALSE(projection.find(id_of(1)));
  EXPECT_EQ(projection.find("ann")->id(), id_of(2));
  EXPECT_FALSE(projection.find(UserRef::external_id(id_of(2))));
  EXPECT_FALSE(projection.find(UserRef::id("ann")));
  EXPECT_EQ(all(snapshot).size(), 1U);
  EXPECT_EQ(all(snapshot).front()->id(), id_of(1));
}

TEST(Projection, RefusesToLoadTwoUsersOfOneExternalId) {
  const std::vector<RecordPtr> users{version(1, 1, "ann", {}), version(2, 2, "ann", {})};
  EXPECT_THROW(Projection().load(users, 9), model::Failure);
}

// A large group's tags are prepared and published by the companion.
TEST(Projection, ALargeGroupThatIsDroppedLeavesNoTrace) {
  Projection projection;
  std::vector<Transition> steps;
  for (std::uint32_t i = 1; i <= 500; ++i)
    steps.push_back({{}, version(i, i, "user" + std::to_string(i), {{"k" + std::to_string(i % 7), "v"}})});
  projection.prepare(steps, 500);
  const Projection::Counters dropped = projection.counters();
  EXPECT_EQ(dropped.users, 0U);
  EXPECT_EQ(dropped.tag_keys, 0U);
  auto publication = projection.prepare(steps, 500);
  publication->expect();
  projection.publish(std::move(publication));
  EXPECT_TRUE(projection.find("user500"));
  EXPECT_EQ(projection.counters().tag_keys, 7U);
  EXPECT_EQ(index_problems(projection), 0U);
}

// The companion is at something else when the group comes.
TEST(Projection, ALargeGroupIsWaitedFor) {
  struct Before final : Companion::Work {
    void run() noexcept override { is_over.wait(false); }
    std::atomic<bool> is_over{false};
  } before;
  Projection projection;
  std::vector<Transition> steps;
  for (std::uint32_t i = 1; i <= 3'000; ++i)
    steps.push_back({{}, version(i, i, "user" + std::to_string(i), {{"k", "v" + std::to_string(i)}})});
  projection.companion().start(before);
  auto publication = projection.prepare(steps, 3'000);
  const std::jthread later([&] {
    before.is_over = true;
    before.is_over.notify_one();
  });
  ASSERT_NO_THROW(publication->expect());
  projection.publish(std::move(publication));
  EXPECT_EQ(projection.counters().tag_values, 3'000U);
}

// Each user has a value of its own, so that sets move while the group is prepared in parts; and whoever comes with the
// one half goes on to another value with the other.
std::vector<Transition> in_two_halves() {
  std::vector<Transition> steps;
  for (std::uint32_t i = 1; i <= 400; ++i) {
    const std::uint32_t ordinal = (i - 1) % 200 + 1;
    const RecordPtr before = i > 200 ? steps[ordinal - 1].after : RecordPtr();
    steps.push_back({before, version(ordinal, i, "user" + std::to_string(ordinal),
                                     {{"own", "v" + std::to_string(i * 7919 % 1000)}, {"same", "v"}})});
  }
  return steps;
}

TEST(Projection, AGroupMayComeInParts) {
  Projection at_once;
  auto whole = at_once.prepare(in_two_halves(), 400);
  whole->expect();
  at_once.publish(std::move(whole));

  Projection projection;
  std::vector<Transition> steps;
  steps.reserve(400);
  auto publication = projection.begin(400);
  for (const Transition& step : in_two_halves()) {
    steps.push_back(step);
    publication->offer(steps);
  }
  publication = projection.prepare(std::move(publication), std::move(steps), 400);
  publication->expect();
  EXPECT_FALSE(projection.find("user1"));
  projection.publish(std::move(publication));
  EXPECT_EQ(projection.find("user1")->revision(), 201U);
  EXPECT_EQ(projection.counters().users, 200U);
  EXPECT_EQ(projection.counters().tag_values, at_once.counters().tag_values);
  EXPECT_EQ(projection.counters().tag_index_bytes, at_once.counters().tag_index_bytes);
  EXPECT_EQ(index_problems(projection), 0U);
}

// The group is given up while it comes, or when it has come.
TEST(Projection, AGroupThatIsGivenUpLeavesNoTrace) {
  Projection projection;
  for (const std::size_t offered : {0U, 31U, 32U, 200U, 400U}) {
    const std::vector<Transition> steps = in_two_halves();
    {
      const auto publication = projection.begin(400);
      for (std::size_t i = 1; i <= offered; ++i) publication->offer(std::span(steps).first(i));
    }
    {
      std::vector<Transition> all = steps;
      auto publication = projection.begin(400);
      for (std::size_t i = 1; i <= offered; ++i) publication->offer(std::span(all).first(i));
      projection.prepare(std::move(publication), std::move(all), 400);
    }
    const Projection::Counters counters = projection.counters();
    EXPECT_EQ(counters.users, 0U);
    EXPECT_EQ(counters.tag_keys, 0U);
    EXPECT_EQ(counters.tag_values, 0U);
    EXPECT_EQ(projection.visible_revision(), 0U);
  }
}

// As where all that was to come was refused, or little of it was not.
TEST(Projection, OfALargeGroupThereMayBeLittle) {
  Projection projection;
  auto publication = projection.begin(400);
  std::vector<Transition> steps = {{{}, version(1, 1, "ann", {{"tier", "gold"}})}};
  publication->offer(steps);
  publication = projection.prepare(std::move(publication), std::move(steps), 1);
  publication->expect();
  projection.publish(std::move(publication));
  EXPECT_EQ(projection.find("ann")->revision(), 1U);
  EXPECT_EQ(index_problems(projection), 0U);
}

// Random groups, dropped or published, of creations, patches, deletions and re-creations, with snapshots that
// come and go: each reader sees exactly its moment.
RC_GTEST_PROP(Projection, EveryReaderSeesExactlyItsMoment, ()) {
  struct Pinned {
    Projection::Snapshot snapshot;
    Moment moment;
  };
  Projection projection;
  Moment now;
  std::list<Pinned> pinned;
  std::uint64_t revision = 0;
  std::uint32_t last_ordinal = 0;
  const int groups = *rc::gen::inRange(0, 60);
  for (int g = 0; g < groups; ++g) {
    Moment next = now;
    std::vector<Transition> steps;
    std::uint64_t next_revision = revision;
    std::uint32_t next_ordinal = last_ordinal;
    const bool is_large = *rc::gen::inRange(0, 6) == 0;   // then the companion is at work
    const int size = is_large ? *rc::gen::inRange(64, 80) : *rc::gen::inRange(1, 8);
    for (int i = 0; i < size; ++i) {
      const std::string name = "user" + std::to_string(*rc::gen::inRange(0, 12));
      const TagMap tags = {
          {"k" + std::to_string(*rc::gen::inRange(0, 3)), "v" + std::to_string(*rc::gen::inRange(0, 3))}};
      const auto found =
          std::ranges::find_if(next, [&](const auto& user) { return user.second->external_id() == name; });
      if (found == next.end()) {
        const RecordPtr user = version(++next_ordinal, ++next_revision, name, tags);
        next.emplace(next_ordinal, user);
        steps.push_back({{}, user});
      } else if (*rc::gen::inRange(0, 3) == 0) {
        steps.push_back({found->second, Record::make_tombstone(*found->second, ++next_revision)});
        next.erase(found);
      } else {
        const RecordPtr after = version(found->first, ++next_revision, name, tags);
        steps.push_back({found->second, after});
        found->second = after;
      }
    }
    if (*rc::gen::inRange(0, 3) == 0) pinned.push_back({projection.pin(), now});
    auto publication = projection.prepare(std::move(steps), next_revision);
    if (*rc::gen::inRange(0, 5) == 0) continue;   // dropped
    publication->expect();
    projection.publish(std::move(publication));
    now = std::move(next);
    revision = next_revision;
    last_ordinal = next_ordinal;
    if (!pinned.empty() && *rc::gen::inRange(0, 3) == 0) pinned.erase(pinned.begin());
    for (const Pinned& pin : pinned) expect_same(all(pin.snapshot), pin.moment);
  }
  pinned.clear();
  expect_same(all(projection, 3), now);
  for (const auto& [ordinal, record] : now) {
    RC_ASSERT(projection.find(record->external_id()).get() == record.get());
    RC_ASSERT(projection.find(record->id()).get() == record.get());
    RC_ASSERT(projection.find_ordinal(ordinal).get() == record.get());
  }
  RC_ASSERT(projection.counters().users == now.size());
  RC_ASSERT(projection.counters().tags == now.size());
  RC_ASSERT(index_problems(projection) == 0U);
  RC_ASSERT(!::testing::Test::HasFailure());

  Projection loaded;
  loaded.load(in_order(now), revision);
  expect_same(all(loaded, 100), now);
  RC_ASSERT(loaded.counters().tag_values == projection.counters().tag_values);
}

}   // namespace
}   // namespace usertags::index
