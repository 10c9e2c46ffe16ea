// R6: sequences of everything that the API offers, against the reference model. Each sequence ends with the
// proof of all that can be proved. RapidCheck makes them, and shrinks one that fails to the few steps that matter.
#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>

#include <filesystem>
#include <optional>
#include <sstream>
#include <string>
#include <utility>
#include <vector>

#include "support/checked_store.hpp"
#include "support/steps.hpp"
#include "support/temp_dir.hpp"
#include "torture/rows.hpp"

namespace usertags::torture {
namespace {

using test::CheckedStore;
using test::Step;

// Takes the steps of one sequence.
class Runner {
 public:
  explicit Runner(CheckedStore& store) : store_(store) {}

  void operator()(const test::WriteOne& step) { store_.write(sent(step.intent)); }

  void operator()(const test::WriteMany& step) {
    std::vector<Write> writes;
    for (const test::WriteIntent& intent : step.intents) writes.push_back(sent(intent));
    const std::size_t once = writes.size();
    for (std::size_t i = 0; step.twice && i < once; ++i) writes.push_back(Write(writes[i]));
    std::ignore = step.submitted ? store_.submit_each(writes) : store_.apply_each(writes);
  }

  void operator()(const test::WriteAll& step) {
    std::vector<Write> writes;
    for (const test::WriteIntent& intent : step.intents) writes.push_back(sent(intent));
    std::ignore = store_.apply_all(writes);
  }

  void operator()(const test::Again& step) {
    if (!with_tokens_.empty()) store_.write(with_tokens_[step.number % with_tokens_.size()]);
  }

  void operator()(const test::ModifyOne& step) {
    const Write write = resolve(step.patch, store_.reference());
    const auto& patch = std::get<PatchUser>(write);
    std::ignore = store_.modify(patch.user, patch.batch, patch.options);
  }

  void operator()(const test::WriteWhere& step) {
    store_.write_where(step.selector, step.batch, step.decides,
                       {.everybody = step.everybody, .at_most = step.at_most, .dry_run = step.dry_run});
  }

  void operator()(const test::PlanOne& step) {
    const Write write = resolve(step.patch, store_.reference());
    const auto& patch = std::get<PatchUser>(write);
    std::ignore = store_.plan(patch.user, patch.batch, patch.options);
  }

  void operator()(const test::FindOne& step) {
    const std::string user = resolve(step.user, store_.reference());
    switch (step.kind) {
      case UserRef::Kind::any: std::ignore = store_.find(user); break;
      case UserRef::Kind::id: std::ignore = store_.find(UserRef::id(user)); break;
      case UserRef::Kind::external_id: std::ignore = store_.find(UserRef::external_id(user)); break;
    }
  }

  void operator()(const test::FindMany& step) {
    std::vector<std::string> users;
    for (const std::string& user : step.users) users.push_back(resolve(user, store_.reference()));
    store_.find_each(std::vector<UserRef>(users.begin(), users.end()));
  }

  void operator()(const test::NextPage& step) {
    if (step.from_start) cursor_.reset();
    if (const auto page = store_.list({.limit = step.limit, .after = cursor_})) cursor_ = page->next;
  }

  void operator()(const test::Select& step) {
    if (step.from_start || !selected_) selector_ = step.selector, selected_.reset();
    const auto page = store_.select(selector_, {.limit = step.limit, .after = selected_});
    if (page) selected_ = page->next;
  }

  void operator()(const test::FollowAudience& step) {
    if (step.anew) store_.forget_audience();
    store_.check_audience(step.selector);
  }

  void operator()(const test::CountThem& step) { store_.count(step.selector); }

  void operator()(const test::AskKeys& step) { store_.tag_keys(step.prefix, step.limit); }

  void operator()(const test::AskValues& step) { store_.tag_values(step.key, step.prefix, step.limit); }

  void operator()(const test::WriteLate& step) {
    store_.write_late(resolve(step.intent, store_.reference()));
  }

  void operator()(const test::Wait& step) { store_.wait(step.behind); }

  void operator()(const test::Set& step) {
    if (step.guess == test::Guess::wrong) return store_.change_settings_of_another_version(step.settings);
    store_.change_settings(step.settings);
  }

  void operator()(const test::Copy&) { store_.check_backup(); }

  void operator()(const test::Interfere& step) { store_.check_adoption(step.number); }

  void operator()(const test::Care& step) {
    switch (step.kind) {
      case test::Care::Kind::maintain: return store_.maintain();
      case test::Care::Kind::checkpoint: return store_.checkpoint();
      case test::Care::Kind::compact: return store_.compact();
      case test::Care::Kind::check_all: return store_.check_all();
      case test::Care::Kind::check_views: return store_.check_views();
      case test::Care::Kind::check_read_only: return store_.check_read_only();
      case test::Care::Kind::check_follower: return store_.check_follower();
    }
  }

  void operator()(const test::Reopen& step) { store_.reopen(step.ending, step.options); }

 private:
  Write sent(const test::WriteIntent& intent) {
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

// Throws Finding with the shrunk sequence.
template <class Property>
void check(const char* name, std::uint64_t cases, std::uint64_t seed, Property&& property) {
  rc::detail::TestParams params;
  params.seed = seed;
  params.maxSuccess = static_cast<int>(cases);
  params.maxSize = 50;   // steps
  rc::detail::TestListenerAdapter silent;
  const auto result = rc::detail::checkProperty(rc::detail::toProperty(std::forward<Property>(property)),
                                                rc::detail::TestMetadata{name, name}, params, silent, {});
  std::ostringstream message;
  rc::detail::printResultMessage(result, message);
  require(result.template is<rc::detail::SuccessResult>(), message.str());
}

void take(CheckedStore& store, const std::vector<Step>& steps, Tally& tally) {
  Runner runner(store);
  for (const Step& step : steps) std::visit(runner, step);
  store.check_all();
  tally.add("sequences");
  tally.add("steps", steps.size());
}

void run_in_files(std::uint64_t cases, std::uint64_t seed, Tally& tally) {
  const test::TempDir folder(test::memory_folder());
  std::uint64_t number = 0;
  check("a store in a file", cases, seed, [&] {
    const auto steps = *rc::gen::container<std::vector<Step>>(test::any_step());
    const std::filesystem::path path = folder / std::to_string(number++);
    {
      CheckedStore store(path, test::tight_options());
      take(store, steps, tally);
      store.reopen(test::Ending::closed, test::tight_options());
      store.check_all();
      store.check_views();
    }
    std::filesystem::remove(path);
    std::filesystem::remove(path.string() + ".lock");
  });
}

void run_in_memory(std::uint64_t cases, std::uint64_t seed, Tally& tally) {
  check("a store in memory", cases, seed, [&] {
    const auto steps = *rc::gen::container<std::vector<Step>>(test::any_step_in_memory());
    CheckedStore store(test::tight_options());
    take(store, steps, tally);
  });
}

void run_model(const Run& run, Tally& tally) {
  run_in_files(run.rounds - run.rounds / 2, run.seed, tally);
  run_in_memory(run.rounds / 2, run.seed, tally);
}

}   // namespace

const Row model{
    .number = "R6",
    .name = "model",
    .unit = "sequences",
    .what = "random sequences of all that the API offers, against a model that judges every answer",
    .in_ci = 20'000,
    .in_tests = 200,
    .run = run_model};

}   // namespace usertags::torture
