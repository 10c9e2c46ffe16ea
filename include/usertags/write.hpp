// Writes as values, for calls that take many of them; and what a write answers.
//
//   const std::vector<usertags::Write> writes = {
//       usertags::DeleteUser{.user = "user_ext_123"},
//       usertags::CreateUser{.external_id = "user_ext_123", .tags = {{"tier", "gold"}}}};
//   auto applied = store.apply_all(writes);   // all or none; apply_each: each for itself
//   if (!applied) return report(applied.error());
//
// Plain values: they own all that they hold.
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
  // The user is at this revision, else revision_mismatch. Not for CreateUser and EnsureUser.
  std::optional<std::uint64_t> expected_revision{};
  // Idempotency token: 1 to 128 bytes, one name space per store; empty: none. The same request under the same
  // token takes effect once, and is answered as it was the first time (`replayed`). That holds over reopening
  // and crashes, for as long as Settings::tokens keeps the token. Another request under it is token_reused. A
  // failure is not remembered. A request is what is to be done, to which user, and its guards; note and
  // deadline may differ.
  std::string token{};
  std::string note{};   // who or why, 0 to 200 characters, no NUL; kept with the change in the log
  // A write that has not begun by then is answered with `timeout`, and is not applied.
  std::optional<std::chrono::steady_clock::time_point> deadline{};
};

// As UserTagStore::create_user().
struct CreateUser {
  // The arguments of that call, here and below.
  std::string external_id{};
  TagList tags{};
  ApplyOptions options{};
};

// As UserTagStore::ensure_user(): creates the user, unless one with this external id is there.
struct EnsureUser {
  std::string external_id{};   // who is to be there
  TagList tags_if_created{};   // a user who is there keeps the tags that it has
  ApplyOptions options{};      // without expected_revision
};

// As UserTagStore::apply(). `user` is an id or an external id, as in UserRef.
struct PatchUser {
  std::string user{};       // who is meant
  TagBatch batch{};         // whole, or not at all
  ApplyOptions options{};   // guard, token, note, deadline
};

// As UserTagStore::delete_user().
struct DeleteUser {
  std::string user{};       // who is meant: an id or an external id
  ApplyOptions options{};   // guard, token, note, deadline
};

// One write of many.
using Write = std::variant<CreateUser, PatchUser, DeleteUser, EnsureUser>;

// The answer to a write that was applied.
struct Applied {
  std::optional<User> user{};   // as it is after the write; none after a deletion
  std::uint64_t revision = 0;   // of the change; where nothing changed, of the user's last change
  bool changed = false;         // false: the write led to what was there already, and added no revision
  // The token was known: `revision` and `changed` are those of the first answer; `user` is as it is by now,
  // or none where it is deleted.
  bool replayed = false;
};

}   // namespace usertags
