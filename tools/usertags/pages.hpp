// Whatever a store answers in pages, one after the other.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <utility>

#include <usertags/facets.hpp>
#include <usertags/page.hpp>

namespace usertags::command {

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

}   // namespace usertags::command
