// All users of a store, page by page.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <usertags/user_tag_store.hpp>

namespace usertags::command {

class UserPages {
 public:
  static constexpr std::size_t kPage = 1'000;

  explicit UserPages(const UserTagStore& store, std::optional<Cursor> after = {},
                     std::optional<std::uint64_t> limit = {})
      : store_(store), next_(std::move(after)), left_(limit) {}

  // The next page; without users, once all users or `limit` of them were given.
  Result<UserPage> next();

  // Where the last page ended, if there are more users.
  const std::optional<Cursor>& cursor() const { return next_; }

 private:
  const UserTagStore& store_;
  std::optional<Cursor> next_;
  std::optional<std::uint64_t> left_;   // none: no limit
  bool ended_ = false;
};

}   // namespace usertags::command
