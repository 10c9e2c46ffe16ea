// Readers beside a publisher whose every group gives all users the group's number: whoever sees two numbers
// at one moment, or a number that runs backwards, has seen half a group. For ThreadSanitizer, too.
#include <gtest/gtest.h>

#include <atomic>
#include <charconv>
#include <string>
#include <thread>
#include <vector>

#include "index/make_step.hpp"
#include "index/projection.hpp"

namespace usertags::index {
namespace {

using model::Record;
using model::RecordPtr;

constexpr std::uint32_t kMaxUsers = 96;
constexpr int kGroups = 400;

std::string name(std::uint32_t user) {
  return "user" + std::to_string(user);
}

int number_in(const Record& record) {
  const std::string_view text = record.find("group").value_or("-1");
  int number = -1;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

// Few users, or so many that the companion is at work.
class ProjectionThreads : public testing::TestWithParam<std::uint32_t> {
 protected:
  ProjectionThreads() { publish_group(0); }

  // Now and then a user is deleted and created anew, under a new ordinal.
  void publish_group(int number) {
    std::vector<Transition> steps;
    steps.reserve(2 * users_);
    auto publication = projection_.begin(2 * users_);
    const TagMap tags = {{"group", std::to_string(number)}};
    for (std::uint32_t user = 0; user < users_; ++user) {
      RecordPtr& current = current_[user];
      if (current && (number + static_cast<int>(user)) % 7 == 0) {
        steps.push_back({current, Record::make_tombstone(*current, ++revision_)});
        current = RecordPtr();
      }
      const std::uint32_t ordinal = current ? current->ordinal() : ++last_ordinal_;
      RecordPtr next = version(ordinal, ++revision_, name(user), tags);
      steps.push_back({current, next});
      current = std::move(next);
      publication->offer(steps);
    }
    publication = projection_.prepare(std::move(publication), std::move(steps), revision_);
    publication->expect();
    projection_.publish(std::move(publication));
  }

  // Runs the check over and over, on two threads, until the publisher is done.
  template <class Check>
  void beside_the_publisher(Check check) {
    std::atomic<bool> done{false};
    std::atomic<int> ready{0};
    std::vector<std::thread> readers;
    for (int i = 0; i < 2; ++i) {
      readers.emplace_back([&] {
        ++ready;
        while (!done) check();
      });
    }
    while (ready < 2) std::this_thread::yield();
    for (int number = 1; number <= kGroups; ++number) publish_group(number);
    done = true;
    for (std::thread& reader : readers) reader.join();
    EXPECT_EQ(number_in(*projection_.find(name(0))), kGroups);
  }

  // All users, all of one group; answers its number.
  int common_number(const std::vector<RecordPtr>& records) const {
    EXPECT_EQ(records.size(), users_);
    for (const RecordPtr& record : records) EXPECT_EQ(number_in(*record), number_in(*records.front()));
    return number_in(*records.front());
  }

  const std::uint32_t users_ = GetParam();
  Projection projection_;

 private:
  RecordPtr current_[kMaxUsers];
  std::uint64_t revision_ = 0;
  std::uint32_t last_ordinal_ = 0;
};

TEST_P(ProjectionThreads, AFindNeverRunsBackwards) {
  beside_the_publisher([this] {
    thread_local int last = -1;
    for (std::uint32_t user = 0; user < users_; ++user) {
      const RecordPtr record = projection_.find(name(user));
      ASSERT_TRUE(record);
      ASSERT_GE(number_in(*record), last);
      last = number_in(*record);
    }
  });
}

TEST_P(ProjectionThreads, FindEachSeesOneMoment) {
  std::vector<std::string> names;
  for (std::uint32_t user = 0; user < users_; ++user) names.push_back(name(user));
  const std::vector<UserRef> refs(names.begin(), names.end());
  beside_the_publisher([&] { common_number(projection_.find_each(refs).records); });
}

// More than is read in one hold of the moment lock.
TEST_P(ProjectionThreads, AFindEachOfManySeesOneMoment) {
  std::vector<std::string> names;
  for (int n = 0; n < 1'500; ++n) {
    for (std::uint32_t user = 0; user < users_; ++user) names.push_back(name(user));
  }
  const std::vector<UserRef> refs(names.begin(), names.end());
  beside_the_publisher([&] {
    const Projection::Found found = projection_.find_each(refs);
    ASSERT_EQ(found.records.size(), refs.size());
    for (const RecordPtr& record : found.records) {
      ASSERT_TRUE(record);
      ASSERT_EQ(number_in(*record), number_in(*found.records.front()));
    }
  });
}

TEST_P(ProjectionThreads, AListSeesOneMoment) {
  beside_the_publisher([this] { common_number(projection_.list(0, 1000).records); });
}

TEST_P(ProjectionThreads, ASelectionSeesOneMoment) {
  const auto everybody = selector::make_exists("group");
  beside_the_publisher([&] { common_number(projection_.select(*everybody, 0, 1000).records); });
}

TEST_P(ProjectionThreads, CountsAndFacetsSeeOneMoment) {
  const auto everybody = selector::make_exists("group");
  const auto nobody = selector::make_negation(everybody);
  beside_the_publisher([&] {
    ASSERT_EQ(projection_.count(*everybody).users, users_);
    ASSERT_EQ(projection_.count(*nobody).users, 0U);
    ASSERT_EQ(projection_.count(*selector::make_every_user()).users, users_);
    const FacetPage values = projection_.tag_values("group", {.limit = 10});
    ASSERT_EQ(values.facets.size(), 1U);
    ASSERT_EQ(values.facets.front().users, users_);
    const FacetPage top = projection_.top_tag_values("group", "", 10);
    ASSERT_EQ(top.facets.size(), 1U);
    ASSERT_EQ(top.facets.front().users, users_);
  });
}

TEST_P(ProjectionThreads, ASnapshotSeesItsMomentForAsLongAsItLives) {
  beside_the_publisher([this] {
    const auto snapshot = projection_.pin();
    int first = -1;
    for (int pass = 0; pass < 3; ++pass) {
      std::vector<RecordPtr> records;
      snapshot.for_each([&](const Record& record) { records.push_back(RecordPtr::share(record)); });
      const int number = common_number(records);
      if (pass == 0) first = number;
      EXPECT_EQ(number, first);
    }
  });
}

TEST_P(ProjectionThreads, TheTagIndexCanBeCheckedMeanwhile) {
  beside_the_publisher([this] {
    projection_.check_tag_index([](std::string_view key, std::string_view value, std::string_view what) {
      ADD_FAILURE() << key << '=' << value << ' ' << what;
    });
  });
}

INSTANTIATE_TEST_SUITE_P(Groups, ProjectionThreads, testing::Values(24, kMaxUsers),
                         testing::PrintToStringParamName());

}   // namespace
}   // namespace usertags::index
