#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "commands/commands.hpp"
#include "commands/where.hpp"
#include "exit_code.hpp"
#include "input/arguments.hpp"
#include "input/input.hpp"
#include "input/store_access.hpp"
#include "input/write_in.hpp"

namespace usertags::command {

namespace {

constexpr std::size_t kMaxBody = std::size_t{16} << 20;

class ApplyCommand final : public Command {
 public:
  ApplyCommand()
      : Command(
            "apply",
            "Apply a batch of tag operations to a user, whole or not at all; or to all of a selector",
            std::string(
                "A key may come once in a batch, and every operation is judged against the user as it was before.\n"
                "A body is JSON. Elements of update, set and delete may have \"expected_value\", those of delete\n"
                "\"must_exist\":\n"
                "  {\"tags\":{\"create\":[{\"key\":K,\"value\":V},…],\"update\":[…],\"set\":[…],\"delete\":[{\"key\":K},…]}}\n"
                "Operations of a body are numbered in the order create, update, set, delete.\n"
                "\n"
                "With --where, the batch is applied to all users that the selector means.\n") +
                kWhereHelp +
                "\n"
                "Examples:\n"
                "  usertags apply users.db alice@example.com --update tier=gold --set seats=12 --delete trial\n"
                "  usertags apply users.db alice@example.com --body batch.json --if-revision 7\n"
                "  usertags apply users.db alice@example.com --set tier=gold --token order-4711 --note 'order 4711'\n"
                "  usertags apply users.db alice@example.com --create plan=gold --dry-run --json\n"
                "  usertags apply users.db --where 'trial_until<1700000000' --delete trial_until --at-most 1000") {
  }

  void declare(Arguments& arguments) override {
    arguments.positional("USER", user_, "An id or an external id");
    declare_operation(arguments, "--create", "Add a tag whose key the user lacks",
                      [](TagBatch& batch, Assignment tag) { batch.create(tag.key, tag.value); });
    declare_operation(arguments, "--update", "Change the value of a tag that the user has",
                      [](TagBatch& batch, Assignment tag) { batch.update(tag.key, tag.value); });
    declare_operation(arguments, "--set", "Add a tag or change its value",
                      [](TagBatch& batch, Assignment tag) { batch.set(tag.key, tag.value); });
    arguments.repeatable(
        "--delete", "KEY", [this](std::string_view key) { batch_.erase(key); },
        "Remove a tag; it may be absent");
    arguments.option("--body", "FILE", body_,
                     "Take the operations from a file instead (- is standard input)");
    options_.declare(arguments, WriteOptions::Of::user);
    where_.declare_selector(arguments);
    where_.declare(arguments);
    arguments.flag("--dry-run", dry_run_, "Say what would happen, and change nothing");
  }

  int run(Console& console) override {
    const bool to_many = where_.replaces(user_);
    const auto batch = chosen_batch();
    if (!batch) return console.error(batch.error());
    if (to_many) return apply_to_many(*batch, console);
    return dry_run_ ? plan(*batch, console) : apply(*batch, console);
  }

 private:
  void declare_operation(Arguments& arguments, const std::string& name, const std::string& help,
                         void (*add)(TagBatch&, Assignment)) {
    arguments.repeatable(
        name, "KEY=VALUE", [this, add](std::string_view text) { add(batch_, split_assignment(text)); }, help);
  }

  Result<TagBatch> chosen_batch() const {
    if (!body_) return batch_;
    if (!batch_.empty()) throw UsageError("--body takes the place of --create, --update, --set and --delete");
    return parse_batch(read_all(*body_, kMaxBody));
  }

  int apply_to_many(const TagBatch& batch, Console& console) const {
    return where_.run(store_path(), console, "changed", dry_run_, options_.note_for_many(),
                      [&](UserTagStore& store, const Selector& selector, const WhereOptions& options) {
                        return store.apply_where(selector, batch, options);
                      });
  }

  int plan(const TagBatch& batch, Console& console) const {
    const auto store = open_to_look(store_path(), console);
    if (!store) return console.error(store.error());
    const auto planned = store->plan(*user_, batch, options_.get());
    if (!planned) return console.error(planned.error());
    console.applied(*planned, outcome_in_words(*planned, "would apply"));
    return kDone;
  }

  int apply(const TagBatch& batch, Console& console) const {
    const ApplyOptions options = options_.get();
    auto store = open_to_write(store_path(), {}, console);
    if (!store) return console.error(store.error());
    const auto applied = store->apply(*user_, batch, options);
    close_after_writing(*store, console);
    if (!applied) return console.error(applied.error());
    console.applied(*applied, outcome_in_words(*applied, "applied"));
    return kDone;
  }

  std::optional<std::string> user_;
  WhereArguments where_;
  TagBatch batch_;   // of the options
  std::optional<std::string> body_;
  WriteOptions options_;
  bool dry_run_ = false;
};

}   // namespace

std::unique_ptr<Command> make_apply() {
  return std::make_unique<ApplyCommand>();
}

}   // namespace usertags::command
