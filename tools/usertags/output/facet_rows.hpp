// Keys or values with the number of users who have them: as bars, or as JSON.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "exit_code.hpp"
#include "output/pages.hpp"
#include "output/table.hpp"
#include "terminal/console.hpp"

namespace usertags::command {

class FacetRows {
 public:
  explicit FacetRows(Console& console) : console_(console) {}

  // JSON goes out at once; bars wait for the longest of them.
  void add(const KeyCount& row) { add("key", row.key, row.users); }
  void add(const ValueCount& row) { add("value", row.value, row.users); }
  void finish();

 private:
  void add(std::string_view what, std::string_view text, std::uint64_t users);

  Console& console_;
  std::vector<Bar> bars_;
};

// Returns the exit code.
template <class Page>
int print_facets(Pages<Page> pages, const Paging& paging, Console& console) {
  FacetRows printed(console);
  std::uint64_t revision = 0;
  for (;;) {
    const auto page = pages.next();
    if (!page) return console.error(page.error());
    revision = std::max(revision, page->revision);
    if (rows(*page).empty()) break;
    for (const auto& row : rows(*page)) printed.add(row);
  }
  printed.finish();
  paging.tell_next(pages.cursor(), revision, console);
  return kDone;
}

}   // namespace usertags::command
