#include "store/memory/shard.hpp"

#include <string>

#include "model/shown_text.hpp"
#include "model/typeid.hpp"

namespace usertags::store {
namespace {

using model::quoted;

std::uint16_t slot_of(const UserRef& user) noexcept {
  if (user.kind() != UserRef::Kind::external_id) {
    if (const auto id = model::parse_user_id(user.text())) return model::slot_of(*id);
  }
  return model::slot_of(user.text());
}

}   // namespace

std::uint64_t shard_of(const UserRef& user, std::uint64_t count) noexcept {
  return slot_of(user) * count / model::kSlots;
}

Error wrong_shard(const UserRef& user, const Shard& here) {
  return {ErrorCode::wrong_shard,
          Error::Details{.what = "the user " + quoted(user.text()) + " is of shard " +
                                 std::to_string(shard_of(user, here.count)) + ", and this store is shard " +
                                 std::to_string(here.number) + " of " + std::to_string(here.count),
                         .remedy = "ask a node of that one: cluster::Directory has the addresses"}};
}

Error no_such_user(const UserRef& user, const Shard& here) {
  if (user.text().empty())
    return {ErrorCode::user_not_found, Error::Details{.what = "there is no user \"\": the reference is empty",
                                                      .remedy = "give an id or an external id"}};
  if (!here.has(user)) return wrong_shard(user, here);
  return {ErrorCode::user_not_found, "there is no user " + quoted(user.text())};
}

}   // namespace usertags::store
