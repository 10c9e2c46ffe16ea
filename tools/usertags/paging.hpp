// Paging: the options --limit and --after, and the word of where to go on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>

#include <usertags/page.hpp>

#include "arguments.hpp"
#include "console.hpp"
#include "pages.hpp"

namespace usertags::command {

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

}   // namespace usertags::command
