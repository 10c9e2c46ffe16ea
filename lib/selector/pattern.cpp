#include "selector/pattern.hpp"

#include <algorithm>
#include <cstddef>

#include "model/text.hpp"

namespace usertags::selector {

void Pattern::append_any_character() {
  const bool after_run = items_.ends_with(kAnyRun);
  if (after_run) items_.back() = kAnyCharacter;
  items_ += after_run ? kAnyRun : kAnyCharacter;
}

void Pattern::append_any_run() {
  if (!items_.ends_with(kAnyRun)) items_ += kAnyRun;
}

std::string_view Pattern::prefix() const noexcept {
  constexpr char kWildcards[] = {kAnyCharacter, kAnyRun, '\0'};
  return std::string_view(items_).substr(0, items_.find_first_of(kWildcards));
}

namespace {

// The first place from `at` on where the item may match. A literal begins with a byte that begins a
// character, so that it is found nowhere within one.
std::size_t first_place(char item, std::string_view value, std::size_t at) noexcept {
  if (item == Pattern::kAnyCharacter) return at;
  return std::min(value.find(item, at), value.size());
}

}   // namespace

// Only the newest `*` is ever reconsidered: if what follows it matches somewhere, the leftmost place leaves
// the most room for the rest, and no earlier `*` could do better.
bool Pattern::matches(std::string_view value) const noexcept {
  std::size_t at = 0;     // in the value
  std::size_t item = 0;   // in the pattern
  std::size_t run_end = 0;
  std::size_t item_after_run = std::string_view::npos;
  while (at < value.size()) {
    const bool has_item = item < items_.size();
    if (has_item && items_[item] == kAnyRun) {
      item_after_run = ++item;
      if (item == items_.size()) return true;
      at = run_end = first_place(items_[item], value, at);
    } else if (has_item && items_[item] == kAnyCharacter) {
      at += model::character_bytes(value.substr(at));
      ++item;
    } else if (has_item && items_[item] == value[at]) {
      ++at;
      ++item;
    } else if (item_after_run != std::string_view::npos) {
      item = item_after_run;
      run_end += model::character_bytes(value.substr(run_end));
      at = run_end = first_place(items_[item], value, run_end);
    } else {
      return false;
    }
  }
  if (item < items_.size() && items_[item] == kAnyRun) ++item;
  return item == items_.size();
}

}   // namespace usertags::selector
