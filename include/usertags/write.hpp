// Writes as values, for calls that take many of them, and what a write answers.
#pragma once

#include <chrono>
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
  std::optional<std::uint64_t>
      expected_revision{};   // the user's, else revision_mismatch; not for a creation
  // Idempotency token, 1 to 128 bytes, one name space per store; empty: none. The same request under the same
  // token is answered as it was the first time (`replayed`) and takes effect once, over reopening and
  // crashes, for as long as Settings::tokens keeps it; another request under it is token_reused. A failure is
  // not remembered. The request is what is to be done, to whom, and its guards; note and deadline may differ.
  std::string token{};
  std::string note{};   // who or why, 0 to 200 characters; kept with the change
  // A write that has not begun by then is answered with `timeout`, and is not applied.
  std::optional<std::chrono::steady_clock::time_point> deadline{};
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
  // A token brought back the first answer: revision and changed are its own, the user is as it is by now, or
  // none where it is deleted.
  bool replayed = false;
};

}   // namespace usertags
