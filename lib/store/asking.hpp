// Asking: the questions about many users, in pages. Each page is of one moment of the projection; none waits
// for anything but the making of the next moment in memory.
//
// Answers invalid_argument for a limit or a key that can be no good, invalid_cursor for a cursor that is not
// of this store and question. Throws std::bad_alloc.
#pragma once

#include <string_view>

#include <usertags/error.hpp>
#include <usertags/facets.hpp>
#include <usertags/page.hpp>

#include "index/projection.hpp"
#include "store/cursor_codec.hpp"

namespace usertags::store {

class Asking {
 public:
  Asking(const index::Projection& projection, const StoreId& store_id) noexcept
      : projection_(projection), store_id_(store_id) {}

  Result<UserPage> list(const PageRequest& request) const;
  Result<KeyPage> tag_keys(const KeyRequest& request) const;
  Result<ValuePage> tag_values(std::string_view key, const ValueRequest& request) const;

 private:
  const index::Projection& projection_;
  const StoreId& store_id_;
};

}   // namespace usertags::store
