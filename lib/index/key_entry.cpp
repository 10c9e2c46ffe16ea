#include "index/key_entry.hpp"

#include <new>

namespace usertags::index {

void KeyEntry::append(std::string_view value, UserSet users) {
  const ValuesChange change(*this);
  const std::size_t bytes = users.heap_bytes();
  values_.append(value, std::move(users));
  account_->heap_bytes += bytes;
}

void KeyEntry::set_users(UserSet users) noexcept {
  account_->heap_bytes += users.heap_bytes();
  users_ = std::move(users);
}

UserSet& KeyEntry::at_or_insert(std::string_view value) {
  const ValuesChange change(*this);
  return values_.at_or_insert(value);
}

UserSet& KeyEntry::reserve(std::string_view value, bool gains_key) {
  const auto reserve = [](UserSet& users) { users.reserve(); };
  if (gains_key) change(users_, reserve);
  try {
    UserSet& users = at_or_insert(value);
    change(users, reserve);
    return users;
  } catch (const std::bad_alloc&) {
    if (gains_key) change(users_, [](UserSet& users) { users.cancel_reservation(); });
    erase_if_unused(value, SortedBlocks<UserSet>::kTight);
    throw;
  }
}

void KeyEntry::cancel(std::string_view value, bool gains_key) noexcept {
  const auto cancel = [](UserSet& users) { users.cancel_reservation(); };
  change(*values_.find(value), cancel);
  if (gains_key) change(users_, cancel);
  erase_if_unused(value, SortedBlocks<UserSet>::kTight);
}

void KeyEntry::add(UserSet& users, bool gains_key, std::uint32_t ordinal) noexcept {
  const auto add = [ordinal](UserSet& set) { set.add(ordinal); };
  change(users, add);
  if (gains_key) change(users_, add);
}

void KeyEntry::remove(UserSet& users, bool loses_key, std::uint32_t ordinal) noexcept {
  const auto remove = [ordinal](UserSet& set) { set.remove(ordinal); };
  change(users, remove);
  if (loses_key) change(users_, remove);
}

void KeyEntry::erase_if_unused(std::string_view value, std::size_t most) noexcept {
  const UserSet* const users = values_.find(value);
  if (users == nullptr || !users->empty() || users->is_reserved()) return;
  account_->heap_bytes -= users->heap_bytes();
  const ValuesChange change(*this);
  values_.erase(value);
  values_.trim(value, most);
}

}   // namespace usertags::index
