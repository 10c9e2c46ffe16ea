// R6: sequences of everything that the API offers, against the reference model. Each sequence ends with the
// proof of all that can be proved.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <optional>
#include <vector>

#include "support/checked_store.hpp"
#include "support/property.hpp"
#include "support/steps.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

// Takes the steps of one sequence.
class Runner {
 public:
  explicit Runner(CheckedStore& store) : store_(store) {}

  void operator()(const WriteOne& step) { store_.write(sent(step.intent)); }

  void operator()(const WriteMany& step) {
    std::vector<Write> writes;
    for (const WriteIntent& intent : step.intents) writes.push_back(sent(intent));
    const std::size_t once = writes.size();
    for (std::size_t i = 0; step.twice && i < once; ++i) writes.push_back(Write(writes[i]));
    std::ignore = store_.apply_each(writes);
  }

  void operator()(const WriteAll& step) {
    std::vector<Write> writes;
    for (const WriteIntent& intent : step.intents) writes.push_back(sent(intent));
    std::ignore = store_.apply_all(writes);
  }

  void operator()(const Again& step) {
    if (!with_tokens_.empty()) store_.write(with_tokens_[step.number % with_tokens_.size()]);
  }

  void operator()(const PlanOne& step) {
    const Write write = resolve(step.patch, store_.reference());
    const auto& patch = std::get<PatchUser>(write);
    std::ignore = store_.plan(patch.user, patch.batch, patch.options);
  }

  void operator()(const FindOne& step) {
    const std::string user = resolve(step.user, store_.reference());
    switch (step.kind) {
      case UserRef::Kind::any: std::ignore = store_.find(user); break;
      case UserRef::Kind::id: std::ignore = store_.find(UserRef::id(user)); break;
      case UserRef::Kind::external_id: std::ignore = store_.find(UserRef::external_id(user)); break;
    }
  }

  void operator()(const FindMany& step) {
    std::vector<std::string> users;
    for (const std::string& user : step.users) users.push_back(resolve(user, store_.reference()));
    store_.find_each(std::vector<UserRef>(users.begin(), users.end()));
  }

  void operator()(const NextPage& step) {
    if (step.from_start) cursor_.reset();
    if (const auto page = store_.list({.limit = step.limit, .after = cursor_})) cursor_ = page->next;
  }

  void operator()(const Select& step) {
    if (step.from_start || !selected_) selector_ = step.selector, selected_.reset();
    const auto page = store_.select(selector_, {.limit = step.limit, .after = selected_});
    if (page) selected_ = page->next;
  }

  void operator()(const CountThem& step) { store_.count(step.selector); }

  void operator()(const Care& step) {
    switch (step.kind) {
      case Care::Kind::maintain: return store_.maintain();
      case Care::Kind::checkpoint: return store_.checkpoint();
      case Care::Kind::check_all: return store_.check_all();
      case Care::Kind::check_views: return store_.check_views();
      case Care::Kind::check_read_only: return store_.check_read_only();
      case Care::Kind::check_follower: return store_.check_follower();
    }
  }

  void operator()(const Reopen& step) { store_.reopen(step.ending, step.options); }

 private:
  Write sent(const WriteIntent& intent) {
    Write write = resolve(intent, store_.reference());
    const bool bears_token = std::visit([](const auto& one) { return !one.options.token.empty(); }, write);
    if (bears_token) with_tokens_.push_back(write);
    return write;
  }

  CheckedStore& store_;
  std::vector<Write> with_tokens_;
  std::optional<Cursor> cursor_;   // kept through writes and reopening, …
  Selector selector_;
  std::optional<Cursor> selected_;   // … and this one of its selector
};

void run(CheckedStore& store, const std::vector<Step>& steps) {
  Runner runner(store);
  for (const Step& step : steps) std::visit(runner, step);
  store.check_all();
}

TEST(Model, AStoreInAFileAgreesWithTheReference) {
  const TempDir folder(memory_folder());
  int number = 0;
  check_property(250, [&] {
    const auto steps = *rc::gen::container<std::vector<Step>>(any_step());
    CheckedStore store(folder / std::to_string(number++), tight_options());
    run(store, steps);
    store.reopen(Ending::closed, tight_options());
    store.check_all();
    store.check_views();
  });
}

TEST(Model, AStoreInMemoryAgreesWithTheReference) {
  check_property(250, [] {
    const auto steps = *rc::gen::container<std::vector<Step>>(any_step_in_memory());
    CheckedStore store(tight_options());
    run(store, steps);
  });
}

}   // namespace
}   // namespace usertags::test
