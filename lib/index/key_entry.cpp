#include "index/key_entry.hpp"

#include <new>

namespace usertags::index {

void KeyEntry::append(std::string_view value, UserSet users) {
  const std::size_t bytes = users.heap_bytes();
  values_.append(value, std::move(users));
  set_bytes_ += bytes;
}

void KeyEntry::set_users(UserSet users) noexcept {
  set_bytes_ += users.heap_bytes();
  users_ = std::move(users);
}

UserSet& KeyEntry::reserve(std::string_view value, bool gains_key) {
  const auto reserve = [](UserSet& users) { users.reserve(); };
  if (gains_key) change(users_, reserve);
  try {
    UserSet& users = values_.at_or_insert(value);
    change(users, reserve);
    return users;
  } catch (const std::bad_alloc&) {
    if (gains_key) users_.cancel_reservation();
    erase_if_unused(value);
    throw;
  }
}

void KeyEntry::cancel(std::string_view value, bool gains_key) noexcept {
  values_.find(value)->cancel_reservation();
  if (gains_key) users_.cancel_reservation();
  erase_if_unused(value);
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

void KeyEntry::erase_if_unused(std::string_view value) noexcept {
  const UserSet* const users = values_.find(value);
  if (users == nullptr || !users->empty() || users->is_reserved()) return;
  set_bytes_ -= users->heap_bytes();
  values_.erase(value);
}

}   // namespace usertags::index
