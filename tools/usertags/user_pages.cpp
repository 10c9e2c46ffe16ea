#include "user_pages.hpp"

#include <algorithm>

namespace usertags::command {

Result<UserPage> UserPages::next() {
  const std::size_t limit = left_ ? static_cast<std::size_t>(std::min<std::uint64_t>(*left_, kPage)) : kPage;
  if (ended_ || limit == 0) return UserPage{};
  auto page = store_.list({.limit = limit, .after = next_});
  if (!page) return page;
  next_ = page->next;
  ended_ = !next_;
  if (left_) *left_ -= page->users.size();
  return page;
}

}   // namespace usertags::command
