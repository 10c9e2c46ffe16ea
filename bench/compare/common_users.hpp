// The users who are in both of two sorted lists, for contenders that have no set operations: both lists are
// walked side by side.
#pragma once

#include <cstdint>
#include <string_view>

namespace usertags::bench {

// A list has user(), which is empty behind the last, and next().
template <class List>
std::uint64_t count_common_users(List&& left, List&& right) {
  std::uint64_t count = 0;
  while (!left.user().empty() && !right.user().empty()) {
    const int order = left.user().compare(right.user());
    if (order == 0) ++count;
    if (order <= 0) left.next();
    if (order >= 0) right.next();
  }
  return count;
}

}   // namespace usertags::bench
