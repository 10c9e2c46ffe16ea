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

void KeyEntry::reserve(std::string_view value, bool gains_key) {
  const auto reserve = [](UserSet& users) { users.reserve(); };
  if (gains_key) change(users_, reserve);
  UserSet* users = nullptr;
  try {
    users = &values_.at_or_insert(value);
    change(*users, reserve);
  } catch (const std::bad_alloc&) {
    if (gains_key) users_.cancel_reservation();
    if (users != nullptr) erase_if_unused(value, *users);
    throw;
  }
}

void KeyEntry::cancel(std::string_view value, bool gains_key) noexcept {
  UserSet& users = *values_.find(value);
  users.cancel_reservation();
  if (gains_key) users_.cancel_reservation();
  erase_if_unused(value, users);
}

void KeyEntry::add(std::string_view value, bool gains_key, std::uint32_t ordinal) noexcept {
  const auto add = [ordinal](UserSet& users) { users.add(ordinal); };
  change(*values_.find(value), add);
  if (gains_key) change(users_, add);
}

void KeyEntry::remove(std::string_view value, bool loses_key, std::uint32_t ordinal) noexcept {
  const auto remove = [ordinal](UserSet& users) { users.remove(ordinal); };
  UserSet& users = *values_.find(value);
  change(users, remove);
  if (loses_key) change(users_, remove);
  erase_if_unused(value, users);
}

void KeyEntry::erase_if_unused(std::string_view value, UserSet& users) noexcept {
  if (!users.empty() || users.is_reserved()) return;
  set_bytes_ -= users.heap_bytes();
  values_.erase(value);
}

}   // namespace usertags::index
