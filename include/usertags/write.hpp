// Writes as values, for calls that take many of them, and what a write answers.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include <usertags/tag.hpp>
#include <usertags/tag_batch.hpp>
#include <usertags/user.hpp>
#include <usertags/user_ref.hpp>

namespace usertags {

// What every write can carry.
struct ApplyOptions {
  std::optional<std::uint64_t> expected_revision{};   // the user's, else revision_mismatch; not for a creation
  std::string note{};                                 // who or why, 0 to 200 characters; kept with the change
};

// The Writes own their data. Their `user` is told apart as UserRef does it.
struct CreateUser {
  std::string external_id{};
  TagList tags{};
  ApplyOptions options{};
};

struct PatchUser {
  std::string user{};
  TagBatch batch{};
  ApplyOptions options{};
};

struct DeleteUser {
  std::string user{};
  ApplyOptions options{};
};

using Write = std::variant<CreateUser, PatchUser, DeleteUser>;

// The answer to a write that was applied.
struct Applied {
  std::optional<User> user{};   // as it is after the write; none after a deletion
  std::uint64_t revision = 0;   // of the change; where nothing changed, of the user's last change
  bool changed = false;
};

}   // namespace usertags
