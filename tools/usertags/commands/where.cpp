#include "commands/where.hpp"

#include <fmt/format.h>
#include <utility>

#include "exit_code.hpp"
#include "input/store_access.hpp"
#include "output/json_out.hpp"
#include "output/text.hpp"
#include "terminal/progress.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

// Before it is done: who reads the feed of the store may want to know.
void tell_of_history(const UserTagStore& store, const Selector& selector, Console& console) {
  const auto count = store.count(selector);
  const auto settings = store.settings();
  if (!count || !settings || settings->history.keep_all) return;
  if (count->count <= settings->history.min_changes) return;
  console.note(fmt::format(
      "{} are to be changed, and the log keeps {} for sure (history_min_changes): whoever follows "
      "it may have to begin anew",
      counted(count->count, "user"), counted(settings->history.min_changes, "change")));
}

void answer_json(const WhereOutcome& outcome, Console& console) {
  std::string& out = console.out().buffer();
  JsonObject object(out);
  object.number("matched", outcome.matched);
  object.number("changed", outcome.changed);
  object.number("unchanged", outcome.unchanged);
  object.number("refused", outcome.refused);
  append_json_array(object.name_of("refusals"), outcome.refusals, [&](const Refusal& refusal) {
    JsonObject one(out);
    one.text("user", refusal.user_id);
    one.text("external_id", refusal.external_id);
    append_json(one.name_of("error"), refusal.error);
    one.close();
  });
  if (outcome.stopped)
    append_json(object.name_of("stopped"), *outcome.stopped);
  else
    object.null("stopped");
  object.text_or_null("next", outcome.next ? std::optional(outcome.next->text()) : std::nullopt);
  object.close();
  console.out().line_done();
}

void answer_people(const WhereOutcome& outcome, std::string_view done, Console& console) {
  for (const Refusal& refusal : outcome.refusals) {
    console.err().line(fmt::format("refused {}: {}", printable_word(refusal.external_id),
                                   printable_message(refusal.error.message())));
  }
  if (outcome.refused > outcome.refusals.size())
    console.err().line(fmt::format("and {} more", grouped(outcome.refused - outcome.refusals.size())));
  if (outcome.stopped && outcome.matched == 0) return;
  console.out().line(fmt::format("{}: {} {}, {} unchanged, {} refused", counted(outcome.matched, "user"),
                                 grouped(outcome.changed), done, grouped(outcome.unchanged),
                                 grouped(outcome.refused)));
  if (outcome.next) console.err().line("more with --after " + outcome.next->text());
}

int exit_code_of(const WhereOutcome& outcome, Console& console) {
  if (!outcome.stopped) return outcome.refused == 0 ? kDone : kRefused;
  if (*outcome.stopped == ErrorCode::cancelled && interrupted()) return interrupted_exit_code();
  return console.error(*outcome.stopped);
}

WhereOutcome with_progress(UserTagStore& store, const Selector& selector, WhereOptions options,
                           const WhereArguments::Call& call) {
  defer_interruptions();
  Progress line("users");
  options.progress = [&](std::uint64_t done, std::uint64_t total) {
    line.at(done, static_cast<double>(done) / static_cast<double>(total));
    return !interrupted();
  };
  return call(store, selector, options);
}

}   // namespace

void WhereArguments::declare_selector(Arguments& arguments) {
  arguments.option("--where", "SELECTOR", where_, "All users that the selector means, instead of USER");
  arguments.flag("--everybody", everybody_, "With an empty selector: every user is meant");
}

void WhereArguments::declare(Arguments& arguments) {
  arguments.option("--at-most", "N", at_most_, "Refuse, before anything is written, if more users are meant");
  arguments.option("--after", "CURSOR", after_, "Go on after an earlier call that was stopped");
}

bool WhereArguments::replaces(const std::optional<std::string>& user) const {
  if (where_.has_value() == user.has_value()) throw UsageError("give either USER or --where SELECTOR");
  if (!where_ && (everybody_ || at_most_ || after_))
    throw UsageError("--everybody, --at-most and --after go with --where");
  return where_.has_value();
}

int WhereArguments::run(const std::string& store_path, Console& console, std::string_view done, bool dry_run,
                        std::string note, const Call& call) const {
  const auto selector = Selector::parse(*where_);
  if (!selector) return refused_selector(*where_, selector.error(), console);
  return run(store_path, *selector, console, done, dry_run, std::move(note), call);
}

int WhereArguments::run(const std::string& store_path, const Selector& selector, Console& console,
                        std::string_view done, bool dry_run, std::string note, const Call& call) const {
  auto store = dry_run ? open_to_look(store_path, console) : open_to_write(store_path, {}, console);
  if (!store) return console.error(store.error());
  WhereOptions options{
      .everybody = everybody_, .at_most = at_most_, .dry_run = dry_run, .note = std::move(note)};
  if (!after_.value_or("").empty()) options.after.emplace(*after_);
  tell_of_history(*store, selector, console);
  const WhereOutcome outcome = with_progress(*store, selector, std::move(options), call);
  if (!dry_run) close_after_writing(*store, console);
  if (console.json)
    answer_json(outcome, console);
  else
    answer_people(outcome, dry_run ? "would be " + std::string(done) : std::string(done), console);
  return exit_code_of(outcome, console);
}

}   // namespace usertags::command
