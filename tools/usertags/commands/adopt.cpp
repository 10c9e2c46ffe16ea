#include <fmt/format.h>
#include <algorithm>
#include <memory>
#include <optional>
#include <string>

#include <usertags/user_tag_store.hpp>

#include "commands/commands.hpp"
#include "exit_code.hpp"
#include "output/change_lines.hpp"
#include "output/json_out.hpp"
#include "output/people.hpp"
#include "output/text.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

std::optional<std::string> text_or_none(const std::string& text) {
  return text.empty() ? std::nullopt : std::optional(text);
}

void append_change(std::string& out, const ForeignChange& change) {
  JsonObject object(out);
  object.text("kind", to_string(change.kind));
  object.text_or_null("user", text_or_none(change.user_id));
  object.text("external_id", change.external_id);
  append_json(object.name_of("tags"), change.tags);
  object.flag("complete", change.complete);
  object.flag("logged", change.logged);
  object.text_or_null("problem", text_or_none(change.problem));
  append_json_array(object.name_of("violations"), change.violations,
                    [&](const Violation& violation) { append_json(out, violation); });
  object.close();
}

void append_json(std::string& out, const Adoption& adoption) {
  JsonObject object(out);
  object.flag("adopted", adoption.adopted);
  object.number("revision", adoption.revision);
  object.flag("proved", adoption.proved);
  object.number("entries_forgotten", adoption.entries_forgotten);
  object.number("tokens_forgotten", adoption.tokens_forgotten);
  append_json_array(object.name_of("changes"), adoption.changes,
                    [&](const ForeignChange& change) { append_change(out, change); });
  object.close();
}

void print_change(Output& out, const ForeignChange& change, const Style& style) {
  const std::string user = change.user_id.empty() ? "a new user" : printable(change.user_id);
  out.line(fmt::format("{} {}  {}", to_string(change.kind), style.bold(printable_word(change.external_id)),
                       style.dim(user)));
  if (!change.tags.empty()) out.line("  " + tags_line(change.tags));
  if (!change.logged) out.line("  the row alone is put in order");
  if (!change.complete && change.problem.empty())
    out.line("  the log no longer tells what was there before: other tags may have been removed");
  if (change.problem.empty()) return;
  out.line("  " + style.alarm("problem") + ": " + printable_message(change.problem));
  for (const Violation& violation : change.violations) out.line("    " + in_words(violation));
}

bool is_nothing(const Adoption& adoption) {
  return adoption.changes.empty() && adoption.proved && adoption.entries_forgotten == 0 &&
         adoption.tokens_forgotten == 0;
}

std::string outcome(const Adoption& adoption, bool is_dry_run) {
  const auto problems = std::ranges::count_if(
      adoption.changes, [](const ForeignChange& change) { return !change.problem.empty(); });
  const std::string changes = counted(adoption.changes.size(), "change");
  if (problems > 0)
    return fmt::format("not adopted: {} of {} cannot be", grouped(static_cast<std::uint64_t>(problems)),
                       changes);
  const std::string revision = "revision " + std::to_string(adoption.revision);
  if (is_nothing(adoption)) return "nothing to adopt, " + revision;
  return fmt::format("{}: {}, {}", is_dry_run ? "would be adopted" : "adopted", changes, revision);
}

void print_people(Console& console, const Adoption& adoption, bool is_dry_run) {
  Output& out = console.out();
  for (const ForeignChange& change : adoption.changes) print_change(out, change, console.style());
  if (adoption.entries_forgotten > 0) {
    out.line(fmt::format("{} of the log forgotten: up to the newest whose user nothing names any more",
                         counted(adoption.entries_forgotten, "change")));
  }
  if (adoption.tokens_forgotten > 0) {
    out.line(fmt::format("{} forgotten: up to the newest that is not as the store left it",
                         counted(adoption.tokens_forgotten, "idempotency token")));
  }
  if (!adoption.proved) {
    out.line(
        "the digest does not prove that this is all: users may be missing whom nothing names any more, or changed "
        "so that nothing shows it");
  }
  out.line(outcome(adoption, is_dry_run));
}

class AdoptCommand final : public Command {
 public:
  AdoptCommand()
      : Command(
            "adopt", "Take in what something other than usertags changed in the file",
            "Shows what was changed in the tables of a closed store, checks it by the rules, and takes it into the\n"
            "log as ordinary changes: all of it, or nothing if one has a problem. Rows of table user may be changed,\n"
            "deleted or inserted; an inserted user gets another id. The exit code is 1 if nothing was adopted, and if\n"
            "--dry-run found something.\n"
            "With --json, {\"adopted\",\"revision\",\"proved\",\"entries_forgotten\",\"tokens_forgotten\",\"changes\":\n"
            "[{\"kind\",\"user\",\"external_id\",\"tags\":{KEY:VALUE or null},\"complete\",\"logged\",\"problem\","
            "\"violations\"}]}.\n"
            "\n"
            "Examples:\n"
            "  usertags adopt users.db --dry-run\n"
            "  usertags adopt users.db --note 'support case 4711'\n"
            "  usertags adopt users.db --dry-run --json | jq '.changes[] | select(.problem)'") {}

  void declare(Arguments& arguments) override {
    arguments.flag("--dry-run", dry_run_, "Show what would happen, and change nothing");
    arguments.option("--note", "TEXT", note_, "Who or why, kept with each change (adopted, by default)");
  }

  int run(Console& console) override {
    AdoptOptions options;
    options.dry_run = dry_run_;
    if (note_) options.note = *note_;
    if (!dry_run_) defer_interruptions();
    const auto adoption = UserTagStore::adopt(store_path(), options);
    if (!adoption) return console.error(adoption.error());
    if (console.json) {
      append_json(console.out().buffer(), *adoption);
      console.out().line_done();
    } else {
      print_people(console, *adoption, dry_run_);
    }
    return adoption->adopted ? kDone : kRefused;
  }

 private:
  bool dry_run_ = false;
  std::optional<std::string> note_;
};

}   // namespace

std::unique_ptr<Command> make_adopt() {
  return std::make_unique<AdoptCommand>();
}

}   // namespace usertags::command
