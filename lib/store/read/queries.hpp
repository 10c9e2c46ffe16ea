// Queries: the questions about many users, in pages. Each page is of one moment of the projection; none waits
// for anything but the making of the next moment in memory.
//
// Answers invalid_argument for a limit or a key that can be no good, invalid_cursor for a cursor that is not
// of this store and question, invalid_selector for a selector that was built out of bounds. Throws
// std::bad_alloc, and Failure (timeout) after a deadline.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string_view>

#include <usertags/error.hpp>
#include <usertags/facets.hpp>
#include <usertags/page.hpp>
#include <usertags/selector.hpp>

#include "index/projection.hpp"
#include "selector/node.hpp"
#include "store/read/paging.hpp"

namespace usertags::store {

class Queries {
 public:
  Queries(const index::Projection& projection, const StoreId& store_id) noexcept
      : projection_(projection), store_id_(store_id) {}

  Result<UserPage> list(const PageRequest& request) const;
  Result<UserPage> select(const Selector& selector, const PageRequest& request) const;
  Result<Count> count(const Selector& selector, const AskOptions& options) const;
  // Calls function(const User&) until it answers false, without a lock.
  template <class Function>
  Result<Visited> for_each(const Selector& selector, const AskOptions& options, Function&& function) const;

  Result<KeyPage> tag_keys(const KeyRequest& request) const;
  Result<ValuePage> tag_values(std::string_view key, const ValueRequest& request) const;

 private:
  // for_each reads so many users at once: few at first, for whoever wants few, then more, as a selector that
  // walks the values of a key does so once a stretch.
  static constexpr std::size_t kFirstStretch = 128;
  static constexpr std::size_t kMaxStretch = 16'384;

  const index::Projection& projection_;
  const StoreId& store_id_;
};

template <class Function>
Result<Visited> Queries::for_each(const Selector& selector, const AskOptions& options,
                                  Function&& function) const {
  const auto node = selector::SelectorAccess::node(selector);
  if (!node) return std::unexpected(node.error());
  Visited visited;
  std::uint32_t after = 0;
  for (std::size_t stretch = kFirstStretch;; stretch = std::min(2 * stretch, kMaxStretch)) {
    index::Projection::Page page = projection_.select(**node, after, stretch, options.deadline);
    visited.revision = page.revision;
    for (model::RecordPtr& record : page.records) {
      after = record->ordinal();
      ++visited.users;
      if (!function(model::UserAccess::user(std::move(record)))) return visited;
    }
    if (!page.more) return visited;
  }
}

}   // namespace usertags::store
