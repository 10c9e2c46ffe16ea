// Evaluation in slices: whatever is published between two of them, the answer is of the moment before the
// first.
#include "index/selector_slices.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>
#include <string>
#include <vector>

#include "index/make_step.hpp"
#include "model/failure.hpp"
#include "support/property.hpp"
#include "support/selector_oracle.hpp"

namespace usertags::index {
namespace {

using model::RecordPtr;
using selector::Node;
using selector::NodePtr;

const std::string kLong(400, 'a');   // with patterns as long, a slice has room for a few values only

// Users who change at random between two looks at them.
class ChangingUsers {
 public:
  explicit ChangingUsers(std::uint32_t seed) : random_(seed) {
    std::vector<Transition> steps;
    for (std::uint32_t ordinal = 1; ordinal <= 150; ++ordinal) steps.push_back({{}, make(ordinal)});
    publish(std::move(steps));
    touched_.clear();
    then_ = users_;
  }

  void look(const Look& work) {
    change();
    work(index_);
  }
  const std::vector<Touched>& touched() const noexcept { return touched_; }
  std::set<std::uint32_t> matched_then(const Node& selector) const {
    std::set<std::uint32_t> matched;
    for (const auto& [ordinal, record] : then_) {
      if (matches(selector, *record)) matched.insert(ordinal);
    }
    return matched;
  }

 private:
  std::uint32_t below(std::uint32_t bound) { return std::uniform_int_distribution(0U, bound - 1)(random_); }

  RecordPtr make(std::uint32_t ordinal) {
    test::TagMap tags;
    if (below(8) != 0) tags["k"] = kLong + std::to_string(below(200));
    if (below(3) == 0) tags["n"] = std::to_string(below(20));
    return version(ordinal, ++revision_, "u" + std::to_string(ordinal), {tags.begin(), tags.end()});
  }

  void change() {
    std::vector<Transition> steps;
    for (std::uint32_t changes = below(4); changes > 0; --changes) {
      const std::uint32_t ordinal = 1 + below(last_ + 5);
      const auto user = users_.find(ordinal);
      if (ordinal > last_) {
        steps.push_back({{}, make(last_ + 1)});
      } else if (user != users_.end()) {
        const bool dies = below(4) == 0;
        steps.push_back(
            {user->second, dies ? model::Record::make_tombstone(*user->second, ++revision_) : make(ordinal)});
      }
      publish(std::move(steps));
      steps.clear();
    }
  }

  void publish(std::vector<Transition> steps) {
    index_.publish(index_.prepare(steps));
    for (const Transition& step : steps) {
      const std::uint32_t ordinal = step.after->ordinal();
      last_ = std::max(last_, ordinal);
      if (seen_.insert(ordinal).second || touched_.empty()) touched_.push_back({ordinal, step.before});
      if (step.after->is_tombstone())
        users_.erase(ordinal);
      else
        users_[ordinal] = step.after;
    }
    if (then_.empty()) seen_.clear();
  }

  std::mt19937 random_;
  std::uint64_t revision_ = 0;
  std::uint32_t last_ = 0;
  TagIndex index_;
  std::map<std::uint32_t, RecordPtr> users_;
  std::map<std::uint32_t, RecordPtr> then_;
  std::set<std::uint32_t> seen_;
  std::vector<Touched> touched_;
};

std::vector<NodePtr> selectors() {
  const auto like = [](std::string_view end) {
    selector::Pattern pattern;
    pattern.append_literal(kLong);
    pattern.append_any_run();
    pattern.append_literal(end);
    return selector::make_matches("k", pattern);
  };
  return {like("7"),
          selector::make_negation(like("3")),
          selector::make_all({like("5"), selector::make_greater("n", 7)}),
          selector::make_any(
              {like("1"), selector::make_negation(selector::make_exists("n")), selector::make_less("n", 3)}),
          selector::make_in("k", {kLong + "1", kLong + "20", kLong + "77"}),
          selector::make_every_user()};
}

TEST(SelectorSlices, AnswersAsOfTheMomentBeforeTheFirst) {
  int slices = 0;
  std::size_t touched = 0;
  for (std::uint32_t seed = 1; seed <= 20; ++seed) {
    for (const NodePtr& selector : selectors()) {
      ChangingUsers users(seed);
      SelectorSlices evaluation(
          [&](const Look& work) {
            ++slices;
            users.look(work);
          },
          {});
      Ordinals found = evaluation.matching(*selector);
      evaluation.correct(found, *selector, users.touched());
      std::vector<std::uint32_t> members;
      found.append_first(1'000, members);
      EXPECT_EQ(std::set(members.begin(), members.end()), users.matched_then(*selector)) << seed;
      touched += users.touched().size();
    }
  }
  EXPECT_GT(slices, 1'000) << "there has to be something in between";
  EXPECT_GT(touched, 1'000U);
}

TEST(SelectorSlices, EndsAtTheDeadline) {
  ChangingUsers users(1);
  SelectorSlices evaluation([&](const Look& work) { users.look(work); },
                            std::chrono::steady_clock::time_point());
  try {
    std::ignore = evaluation.matching(*selector::make_exists("k"));
    FAIL() << "it answered";
  } catch (const model::Failure& failure) {
    EXPECT_EQ(failure.error.code(), ErrorCode::timeout);
  }
}

}   // namespace
}   // namespace usertags::index
