#include "support/steps.hpp"
#include "support/settings.hpp"

#include <ostream>
#include <tuple>
#include <utility>

#include "selector/node.hpp"
#include "support/describe.hpp"
#include "support/selector_oracle.hpp"

namespace usertags::test {
namespace {

rc::Gen<Options> any_reopening() {
  return rc::gen::map(
      rc::gen::tuple(rc::gen::element<std::size_t>(5, 5, 3), rc::gen::element<std::size_t>(6, 6, 4),
                     rc::gen::element<std::uint64_t>(3, 1, 1000), rc::gen::element<std::uint64_t>(5, 0, 1000),
                     rc::gen::element<std::uint64_t>(1, 40'000, 4'000'000),
                     rc::gen::weightedElement<Durability>({{4, Durability::relaxed}, {1, Durability::full}})),
      [](const auto& parts) {
        Options options;
        settings_of(options).tokens.max_count = 6;
        Settings& settings = settings_of(options);
        std::tie(settings.tags_per_user, settings.operations_per_batch, options.housekeeping.backlog_users,
                 settings.history.min_changes, options.housekeeping.checkpoint_wal_bytes,
                 options.durability) = parts;
        return options;
      });
}

template <class Alternative, class T>
rc::Gen<Step> as_step(const rc::Gen<T>& generator) {
  return rc::gen::map(generator, [](T value) { return Step(Alternative{std::move(value)}); });
}

rc::Gen<Step> any_find() {
  return rc::gen::map(rc::gen::pair(any_user(), rc::gen::element(UserRef::Kind::any, UserRef::Kind::id,
                                                                 UserRef::Kind::external_id)),
                      [](auto parts) { return Step(FindOne{std::move(parts.first), parts.second}); });
}

rc::Gen<Step> any_page() {
  return rc::gen::map(rc::gen::pair(rc::gen::weightedElement<std::size_t>(
                                        {{6, 1}, {6, 2}, {6, 3}, {2, 10'000}, {1, 0}, {1, 10'001}}),
                                    rc::gen::inRange(0, 5)),
                      [](const auto& parts) { return Step(NextPage{parts.first, parts.second == 0}); });
}

// Of the keys and values that writes use; now and then of keys that no tag can have, which is refused.
rc::Gen<Selector> any_question() {
  return rc::gen::map(any_selector_node(any_key(), any_value()), selector::SelectorAccess::selector);
}

rc::Gen<Step> any_selection() {
  return rc::gen::map(
      rc::gen::tuple(any_question(),
                     rc::gen::weightedElement<std::size_t>({{4, 1}, {4, 2}, {4, 10'000}, {1, 0}}),
                     rc::gen::inRange(0, 2)),
      [](auto parts) {
        auto& [selector, limit, dice] = parts;
        return Step(Select{std::move(selector), limit, dice == 0});
      });
}

rc::Gen<Step> any_audience() {
  return rc::gen::map(rc::gen::pair(any_question(), rc::gen::inRange(0, 4)), [](auto parts) {
    return Step(FollowAudience{std::move(parts.first), parts.second == 0});
  });
}

rc::Gen<Step> any_reopen() {
  return rc::gen::map(
      rc::gen::pair(rc::gen::element(Ending::closed, Ending::dropped, Ending::killed), any_reopening()),
      [](auto parts) { return Step(Reopen{parts.first, std::move(parts.second)}); });
}

rc::Gen<Step> any_settings() {
  const auto guess = rc::gen::element(Guess::none, Guess::right, Guess::wrong);
  return rc::gen::map(rc::gen::pair(any_reopening(), guess),
                      [](const auto& parts) { return Step(Set{*parts.first.settings, parts.second}); });
}

rc::Gen<std::string> any_prefix() {
  return rc::gen::element<std::string>("", "t", "te", "tier", "a", "g", "\xC3", "z");
}

rc::Gen<std::size_t> any_limit() {
  return rc::gen::weightedElement<std::size_t>({{4, 1}, {4, 2}, {4, 10'000}, {1, 0}, {1, 10'001}});
}

rc::Gen<Step> any_keys_asked() {
  return rc::gen::map(rc::gen::pair(any_prefix(), any_limit()),
                      [](auto parts) { return Step(AskKeys{std::move(parts.first), parts.second}); });
}

rc::Gen<Step> any_values_asked() {
  return rc::gen::map(rc::gen::tuple(any_key(), any_prefix(), any_limit()), [](auto parts) {
    auto& [key, prefix, limit] = parts;
    return Step(AskValues{std::move(key), std::move(prefix), limit});
  });
}

rc::Gen<Step> any_many() {
  return rc::gen::map(rc::gen::pair(up_to(8, any_write()), rc::gen::inRange(0, 8)), [](auto parts) {
    return Step(WriteMany{std::move(parts.first), parts.second % 4 == 0, parts.second % 2 == 0});
  });
}

rc::Gen<Step> any_write_where() {
  const auto batch = rc::gen::weightedOneOf<std::optional<TagBatch>>(
      {{9, rc::gen::map(any_batch(), [](TagBatch made) { return std::optional(std::move(made)); })},
       {1, rc::gen::just(std::optional<TagBatch>())}});
  const auto at_most = rc::gen::element<std::optional<std::uint64_t>>(std::nullopt, std::nullopt, 2);
  return rc::gen::map(rc::gen::tuple(any_question(), batch, rc::gen::inRange(0, 16), at_most),
                      [](auto parts) {
                        auto& [selector, decided, dice, bound] = parts;
                        return Step(WriteWhere{std::move(selector), std::move(decided), dice % 2 == 0,
                                               dice / 2 % 4 == 0, dice / 8 == 0, bound});
                      });
}

rc::Gen<Step> any_use() {
  return rc::gen::weightedOneOf<Step>({{10, as_step<WriteOne>(any_write())},
                                       {4, any_many()},
                                       {3, as_step<WriteAll>(up_to(5, any_write()))},
                                       {3, as_step<Again>(rc::gen::inRange<std::size_t>(0, 8))},
                                       {3, as_step<ModifyOne>(any_patch())},
                                       {2, any_write_where()},
                                       {2, as_step<PlanOne>(any_patch())},
                                       {2, any_find()},
                                       {1, as_step<FindMany>(up_to(6, any_user()))},
                                       {2, any_page()},
                                       {2, any_selection()},
                                       {2, as_step<CountThem>(any_question())},
                                       {3, any_audience()},
                                       {1, any_keys_asked()},
                                       {1, any_values_asked()},
                                       {1, as_step<WriteLate>(any_write())},
                                       {1, as_step<Wait>(rc::gen::inRange<std::size_t>(0, 4))},
                                       {1, any_settings()}});
}

std::string kind_name(Care::Kind kind) {
  constexpr const char* kNames[] = {"maintain",    "checkpoint",      "compact",       "check_all",
                                    "check_views", "check_read_only", "check_follower"};
  return kNames[static_cast<std::size_t>(kind)];
}

std::string ending_name(Ending ending) {
  constexpr const char* kNames[] = {"closed", "dropped", "killed"};
  return kNames[static_cast<std::size_t>(ending)];
}

std::string words(const WriteIntent& intent) {
  constexpr const char* kGuesses[] = {"", ", its revision guessed right", ", its revision guessed wrong"};
  return describe(intent.write) + kGuesses[static_cast<std::size_t>(intent.guess)];
}

std::string words(const WriteOne& step) {
  return words(step.intent);
}
std::string words(std::string text, const std::vector<WriteIntent>& intents) {
  for (const WriteIntent& intent : intents) text += "\n    " + words(intent);
  return text;
}
std::string words(const WriteMany& step) {
  const std::string call = step.submitted ? "submit" : "apply_each";
  return words(step.twice ? call + ", twice in one" : call, step.intents);
}
std::string words(const WriteAll& step) {
  return words("apply_all", step.intents);
}
std::string words(const Again& step) {
  return "a write with a token again, number " + std::to_string(step.number);
}
std::string words(const ModifyOne& step) {
  return "modify: " + words(step.patch);
}
std::string words(const WriteWhere& step) {
  return std::string(step.dry_run ? "plan for" : "write to") + " all of '" + step.selector.text() + "' " +
         (step.batch ? describe(*step.batch) : "gone") + (step.decides ? ", by a function" : "") +
         (step.everybody ? ", everybody" : "") +
         (step.at_most ? ", at most " + std::to_string(*step.at_most) : std::string());
}
std::string words(const PlanOne& step) {
  return "plan: " + words(step.patch);
}
std::string words(const FindMany& step) {
  std::string text = "find_each";
  for (const std::string& user : step.users) text += " " + in_quotes(user);
  return text;
}
std::string words(const FindOne& step) {
  return "find " + in_quotes(step.user);
}
std::string words(const NextPage& step) {
  return "list " + std::to_string(step.limit) +
         (step.from_start ? " from the start" : " after the page before");
}
std::string words(const Select& step) {
  return "select " + std::to_string(step.limit) +
         (step.from_start ? " of '" + step.selector.text() + "'" : " after the page before");
}
std::string words(const FollowAudience& step) {
  return "the audience" +
         (step.anew ? " of '" + step.selector.text() + "', anew" : std::string(" since then"));
}
std::string words(const CountThem& step) {
  return "count '" + step.selector.text() + "'";
}
std::string words(const AskKeys& step) {
  return "tag_keys " + in_quotes(step.prefix) + " by " + std::to_string(step.limit);
}
std::string words(const AskValues& step) {
  return "tag_values of " + in_quotes(step.key) + " " + in_quotes(step.prefix) + " by " +
         std::to_string(step.limit);
}
std::string words(const WriteLate& step) {
  return "too late: " + words(step.intent);
}
std::string words(const Wait& step) {
  return "wait, " + std::to_string(step.behind) + " behind";
}
std::string words(const Settings& settings) {
  return std::to_string(settings.tags_per_user) + " tags, " + std::to_string(settings.operations_per_batch) +
         " operations, history " + std::to_string(settings.history.min_changes);
}
std::string words(const Set& step) {
  constexpr const char* kGuesses[] = {"", ", at this version", ", at another version"};
  return "settings: " + words(step.settings) + kGuesses[static_cast<std::size_t>(step.guess)];
}
std::string words(const Copy&) {
  return "backup";
}
std::string words(const Interfere& step) {
  return "a foreign write, number " + std::to_string(step.number);
}
std::string words(const Care& step) {
  return kind_name(step.kind);
}
std::string words(const Reopen& step) {
  const Options& options = step.options;
  return "reopen, " + ending_name(step.ending) + ", with " + words(*options.settings) + ", backlog " +
         std::to_string(options.housekeeping.backlog_users) + ", checkpoint at " +
         std::to_string(options.housekeeping.checkpoint_wal_bytes) +
         (options.durability == Durability::full ? ", full" : ", relaxed");
}

}   // namespace

Options tight_options() {
  Options options;
  options.durability = Durability::relaxed;
  settings_of(options) = {.tags_per_user = 5, .operations_per_batch = 6};
  settings_of(options).history.min_changes = 5;
  settings_of(options).tokens.max_count = 4;
  options.housekeeping.backlog_users = 3;
  options.housekeeping.checkpoint_wal_bytes = 1;
  return options;
}

rc::Gen<Step> any_step() {
  const auto care =
      rc::gen::element(Care::Kind::maintain, Care::Kind::checkpoint, Care::Kind::compact,
                       Care::Kind::check_all, Care::Kind::check_views, Care::Kind::check_read_only,
                       Care::Kind::check_follower, Care::Kind::check_follower);
  return rc::gen::weightedOneOf<Step>({{60, any_use()},
                                       {6, as_step<Care>(care)},
                                       {3, any_reopen()},
                                       {1, as_step<Interfere>(rc::gen::inRange<std::size_t>(0, 30))},
                                       {1, rc::gen::just(Step(Copy{}))}});
}

rc::Gen<Step> any_step_in_memory() {
  const auto care = rc::gen::element(Care::Kind::maintain, Care::Kind::checkpoint, Care::Kind::compact,
                                     Care::Kind::check_all);
  return rc::gen::weightedOneOf<Step>(
      {{80, any_use()}, {4, as_step<Care>(care)}, {1, rc::gen::just(Step(Copy{}))}});
}

void showValue(const Step& step, std::ostream& out) {
  std::visit([&](const auto& one) { out << "\n  " << words(one); }, step);
}

}   // namespace usertags::test
