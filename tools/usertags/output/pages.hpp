// Calls that go through all pages of a file: with a line of progress, and an end on ^C.
//
// Whatever a store answers in pages, one after the other.
//
// Paging: the options --limit and --after, and the word of where to go on.
//
// Users, page by page, and how they are listed.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <utility>

#include <usertags/error.hpp>
#include <usertags/facets.hpp>
#include <usertags/inspector.hpp>
#include <usertags/page.hpp>
#include <usertags/progress.hpp>
#include <usertags/user_tag_store.hpp>

#include "input/arguments.hpp"
#include "terminal/console.hpp"

namespace usertags::command {

// Runs call(progress), with interruptions deferred: one of them cancels it.
Result<void> with_page_progress(const std::function<Result<void>(const usertags::Progress&)>& call);

// The exit code for what such a call answered; on ^C nothing is said.
int exit_code_of_long_call(const Error& error, Console& console);

inline const auto& rows(const UserPage& page) {
  return page.users;
}
inline const auto& rows(const KeyPage& page) {
  return page.keys;
}
inline const auto& rows(const ValuePage& page) {
  return page.values;
}

template <class Page>
class Pages {
 public:
  static constexpr std::size_t kPage = 1'000;

  // Asks the store for one page.
  using Ask = std::function<Result<Page>(std::size_t limit, const std::optional<Cursor>& after)>;

  explicit Pages(Ask ask, std::optional<Cursor> after = {}, std::optional<std::uint64_t> limit = {})
      : ask_(std::move(ask)), next_(std::move(after)), left_(limit) {}

  // The next page; an empty one, once all or `limit` of what there is was given.
  Result<Page> next() {
    const std::size_t limit =
        left_ ? static_cast<std::size_t>(std::min<std::uint64_t>(*left_, kPage)) : kPage;
    if (ended_ || limit == 0) return Page{};
    auto page = ask_(limit, next_);
    if (!page) return page;
    next_ = page->next;
    ended_ = !next_;
    if (left_) *left_ -= rows(*page).size();
    return page;
  }

  // Where the last page ended, if there is more.
  const std::optional<Cursor>& cursor() const { return next_; }

 private:
  Ask ask_;
  std::optional<Cursor> next_;
  std::optional<std::uint64_t> left_;   // none: no limit
  bool ended_ = false;
};

class Paging {
 public:
  // What comes in pages, such as "users", for help.
  void declare(Arguments& arguments, const std::string& what);

  bool given() const { return limit_ || after_; }

  // Throws UsageError: what cannot be said while the command line is parsed.
  void check() const;

  // What was asked for.
  template <class Page>
  Pages<Page> pages(typename Pages<Page>::Ask ask) const {
    return Pages<Page>(std::move(ask),
                       !after_.value_or("").empty() ? std::optional<Cursor>(*after_) : std::nullopt, limit_);
  }

  // With --limit, on standard error: for people the option to give next, as JSON one object.
  void tell_next(const std::optional<Cursor>& next, std::uint64_t revision, Console& console) const;

 private:
  std::optional<std::uint64_t> limit_;
  std::optional<std::string> after_;
};

// For help of commands that have these options.
inline constexpr const char* kPagingHelp =
    "With --limit, standard error tells where to go on: for people the option to give next, with --json\n"
    "one object {\"next\":CURSOR or null,\"revision\":N}. Cursors stay good while others write.\n";

using UserPages = Pages<UserPage>;

// Asks for all users. The store outlives what is returned.
UserPages::Ask every_user(const UserTagStore& store);

// One user a line, in the order of their creation. They return the exit code.
int list_users(UserPages pages, const Paging& paging, Console& console);
int list_all(const Inspector& store, Console& console);

}   // namespace usertags::command
