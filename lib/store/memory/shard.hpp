// Shard: which of a cluster's users a store has: those of an equal part of the slots (model::slot_of), in their order.
// A store that is in no cluster has them all.
#pragma once

#include <cstdint>

#include <usertags/error.hpp>
#include <usertags/user_ref.hpp>

namespace usertags::store {

// That of the user who is meant, whether there is one or not, among so many.
std::uint64_t shard_of(const UserRef& user, std::uint64_t count) noexcept;

struct Shard {
  std::uint64_t number = 0;   // from 0
  std::uint64_t count = 1;    // up to model::kSlots

  bool has(const UserRef& user) const noexcept { return count == 1 || shard_of(user, count) == number; }
};

Error wrong_shard(const UserRef& user, const Shard& here);
// Of a reference that the store has nobody for: user_not_found, or wrong_shard.
Error no_such_user(const UserRef& user, const Shard& here = {});

}   // namespace usertags::store
