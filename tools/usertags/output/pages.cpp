#include "output/pages.hpp"

#include <algorithm>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "exit_code.hpp"
#include "output/json_out.hpp"
#include "output/people.hpp"
#include "output/table.hpp"
#include "output/text.hpp"
#include "terminal/progress.hpp"
#include "terminal/signals.hpp"

namespace usertags::command {

Result<void> with_page_progress(const std::function<Result<void>(const usertags::Progress&)>& call) {
  defer_interruptions();
  Progress line("pages");
  return call([&](std::uint64_t done, std::uint64_t total) {
    line.at(done, total == 0 ? std::nullopt
                             : std::optional(static_cast<double>(done) / static_cast<double>(total)));
    return !interrupted();
  });
}

int exit_code_of_long_call(const Error& error, Console& console) {
  if (error == ErrorCode::cancelled && interrupted()) return interrupted_exit_code();
  return console.error(error);
}

void Paging::declare(Arguments& arguments, const std::string& what) {
  arguments.option("--limit", "N", limit_, "At most so many " + what);
  arguments.option("--after", "CURSOR", after_,
                   "Go on after an earlier answer with --limit; empty: at the beginning");
}

void Paging::check() const {
  if (limit_ == 0u) throw UsageError("--limit is at least 1");
}

void Paging::tell_next(const std::optional<Cursor>& next, std::uint64_t revision, Console& console) const {
  if (!limit_) return;
  console.out().flush();
  if (!console.json) {
    if (next) console.err().line("more with --after " + next->text());
    return;
  }
  JsonObject object(console.err().buffer());
  if (next) {
    object.text("next", next->text());
  } else {
    object.null("next");
  }
  object.number("revision", revision);
  object.close();
  console.err().line_done();
}

namespace {

using Align = Table::Align;

class UserLines {
 public:
  explicit UserLines(Console& console)
      : console_(console), table_({Align::left, Align::left, Align::right, Align::left}) {
    table_.header({"EXTERNAL ID", "ID", "REVISION", "TAGS"}, console.style());
  }

  void print(std::span<const User> users) {
    for (const User& user : users) print(user);
    if (!console_.json) table_.write(console_.out().buffer(), terminal_columns(console_.out().fd()));
    console_.out().flush();
  }

 private:
  void print(const User& user) {
    if (console_.json) {
      append_json(console_.out().buffer(), user);
      console_.out().line_done();
    } else {
      table_.row({printable(user.external_id()), std::string(user.id()), std::to_string(user.revision()),
                  tags_line(user)});
    }
  }

  Console& console_;
  Table table_;
};

}   // namespace

UserPages::Ask every_user(const UserTagStore& store) {
  return [&store](std::size_t limit, const std::optional<Cursor>& after) {
    return store.list({.limit = limit, .after = after});
  };
}

int list_users(UserPages pages, const Paging& paging, Console& console) {
  UserLines lines(console);
  std::uint64_t revision = 0;
  bool is_empty = true;
  for (;;) {
    const auto page = pages.next();
    if (!page) return console.error(page.error());
    revision = std::max(revision, page->revision);
    if (page->users.empty()) break;
    lines.print(page->users);
    is_empty = false;
  }
  if (is_empty && !paging.given() && !console.json) console.note("no users");
  paging.tell_next(pages.cursor(), revision, console);
  return kDone;
}

int list_all(const Inspector& store, Console& console) {
  UserLines lines(console);
  std::vector<User> users;
  const auto print = [&] {
    if (!users.empty()) lines.print(users);
    users.clear();
  };
  const auto all = store.for_each([&](const User& user) {
    users.push_back(user);
    if (users.size() == UserPages::kPage) print();
  });
  print();
  if (!all) return console.error(all.error());
  if (all->users == 0 && !console.json) console.note("no users");
  return kDone;
}

}   // namespace usertags::command
