// Errors are values. An Error has a stable code; a message that says what happened, to what, and what to do;
// and typed accessors for whatever it names. docs/semantics.md lists the codes, with what to do about each.
//
//   auto applied = store.apply("user_ext_123", usertags::TagBatch().create("tier", "gold"));
//   if (!applied && applied.error() == usertags::ErrorCode::batch_refused)
//     for (const usertags::Violation& violation : applied.error().violations())
//       show(to_string(violation.reason), violation.key, violation.current.value_or("none"));
//
// Errors and violations own what they hold, and outlive the store.
#pragma once

#if __cplusplus < 202100L
#error "usertags needs C++23 (std::expected): compile with -std=c++23, or link the target usertags::usertags"
#endif

#include <cstddef>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/export.hpp>

namespace usertags {

// The stable names of these codes (`to_string`) are the same in C++, in JSON and in the documents.
enum class ErrorCode : std::uint8_t {
  batch_refused,            // violations() says why; nothing was applied
  user_not_found,           // nobody has the id, or external id
  user_exists,              // existing_id() names the holder of the external id
  revision_mismatch,        // current_revision() is the user's
  token_reused,             // another request bore the token
  invalid_argument,         // the message says which one, and what it may be
  invalid_selector,         // position() is the byte at which it was noticed
  invalid_cursor,           // not of this store and question
  history_pruned,           // floor() is the oldest revision still kept
  future_revision,          // current_revision() is the store's
  memory_budget_exceeded,   // Options::memory_budget
  read_only,                // a write to a store that is open read-only
  busy,                     // not applied; try again later
  store_locked,             // holder_pid() is the process that writes
  store_closed,             // or moved from
  store_failed,             // the store stopped after an earlier failure; open it again
  outcome_unknown,      // applied or not? After the next open, compare intended_revision() with revision()
  foreign_write,        // something other than the store changed the file
  forked,               // the store belongs to the parent process
  not_a_store,          // the file is something else, or missing where it may not be made
  unsupported_format,   // of another version; the message has both numbers
  corrupt_store,        // the file is damaged
  permission_denied,    // system_error() says why, where the system said it; also of the next two
  io_error,
  disk_full,               // or the process's limit on the size of files
  out_of_memory,           // all is as if the call had not been made
  cancelled,               // Progress answered false
  timeout,                 // a deadline, or the time to wait, has passed
  settings_mismatch,       // current_version() is that of the store's settings
  transaction_too_large,   // more than 64 MiB of log entries
  // Of clusters (docs/cluster.md).
  not_leader,       // another machine writes
  wrong_shard,      // the user is in another store
  cluster_member,   // the file belongs to a cluster: nothing else writes to it
};

// The stable name, such as "batch_refused".
USERTAGS_EXPORT std::string_view to_string(ErrorCode) noexcept;

// The values are in digests that files keep (of requests with a token): they never change.
enum class OperationKind : std::uint8_t { create = 0, update = 1, set = 2, erase = 3 };

// "create", "update", "set" and "delete": the words of JSON and of the command.
USERTAGS_EXPORT std::string_view to_string(OperationKind) noexcept;

// One reason why a batch, or the tags of a creation, was refused.
struct Violation {
  // Tag and Settings have the bounds.
  enum class Reason : std::uint8_t {
    key_exists,       // of a create
    key_missing,      // of an update, or an erase that must find it
    value_mismatch,   // the user's value is not the expected one
    duplicate_key,
    empty_key,
    key_too_long,
    value_too_long,
    forbidden_character,
    malformed_utf8,
    contains_nul,
    too_many_tags,         // the user would have more
    too_many_operations,   // of a batch
  };
  // What the reason is about. A violation of the whole batch names no operation and no key.
  enum class Subject : std::uint8_t { batch, key, value };

  Reason reason{};                            // what is wrong
  Subject subject = Subject::batch;           // with what
  std::optional<std::size_t> item{};          // which Write, in a call with many
  std::optional<std::size_t> index{};         // which operation, in the order in which they were given
  std::optional<OperationKind> operation{};   // its kind
  // As it was given, also where it is malformed. Of a key longer than kMaxKeyBytes, the beginning, cut
  // between characters.
  std::string key{};
  std::optional<std::string> current{};             // the user's value of the key, where it helps
  std::optional<std::size_t> first_index{};         // of duplicate_key: the operation that had the key first
  std::optional<OperationKind> first_operation{};   // its kind
  // The bound, and the size found: in characters (key_too_long, value_too_long), tags (too_many_tags) or
  // operations (too_many_operations).
  std::optional<std::size_t> limit{};
  std::optional<std::size_t> found{};
  // Of forbidden_character, malformed_utf8 and contains_nul: bytes from the start of the key or value.
  std::optional<std::size_t> position{};
  std::optional<char> character{};   // of forbidden_character: which one

  static constexpr std::size_t kMaxKeyBytes = 256;   // of `key`

  bool operator==(const Violation&) const = default;
};

// Stable names, such as "key_exists" and "batch".
USERTAGS_EXPORT std::string_view to_string(Violation::Reason) noexcept;
USERTAGS_EXPORT std::string_view to_string(Violation::Subject) noexcept;
// As Error::message() lists it, on one line: `set k: value_too_long: 201 of 200 characters`.
USERTAGS_EXPORT std::string in_words(const Violation& violation);

// A code and one pointer. Copying counts a reference and never fails. Const use from many threads is safe;
// what accessors hand out lives as long as the error.
class [[nodiscard]] USERTAGS_EXPORT Error {
 public:
  // What an error names. What does not apply to its code is absent. In `what` and `remedy`, control
  // characters and malformed bytes are written as \xNN.
  struct Details {
    std::string what{};     // the message's first half: what happened, to what
    std::string remedy{};   // its second half: what to do; empty: what to do about any error of this code
    // The others are described at the accessors of their names.
    std::vector<Violation> violations{};
    std::optional<std::size_t> item{};
    std::string existing_id{};
    std::optional<std::uint64_t> current_revision{};
    std::optional<std::uint64_t> intended_revision{};
    std::optional<std::uint64_t> floor{};
    std::optional<std::uint64_t> current_version{};
    std::optional<std::int64_t> holder_pid{};
    std::optional<std::size_t> position{};
    std::optional<int> system_error{};   // errno of the failed system call
  };

  Error(ErrorCode code) noexcept : code_(code) {}     // implicit: `return std::unexpected(ErrorCode::busy)`
  Error(ErrorCode code, std::string what) noexcept;   // Details::what alone
  Error(ErrorCode code, Details details) noexcept;    // without memory for the details, they are left out
  // One that was moved from keeps its code alone.
  Error(const Error& other) noexcept;
  Error(Error&& other) noexcept;
  Error& operator=(Error other) noexcept;
  ~Error();

  ErrorCode code() const noexcept { return code_; }   // the kind of error, for programs
  // What happened, to what, and what to do: one line without a full stop. Made on demand; throws
  // std::bad_alloc. Texts from outside stand in quotes ("key", "value", 'path'), and are cut at 80 bytes (a
  // path at 4,096), which "…" shows.
  std::string message() const;
  std::string what() const;   // its first half: what happened, to what

  const Details& details() const noexcept USERTAGS_LIFETIMEBOUND;   // all that it names

  std::span<const Violation> violations() const noexcept USERTAGS_LIFETIMEBOUND;   // of batch_refused
  std::optional<std::size_t> item() const noexcept;   // of apply_all: the first Write that failed
  std::string_view existing_id() const noexcept USERTAGS_LIFETIMEBOUND;   // of user_exists; else empty
  // Of revision_mismatch, the user's; of future_revision, and of the timeout of read_at_least(), the store's.
  std::optional<std::uint64_t> current_revision() const noexcept;
  std::optional<std::uint64_t> intended_revision() const noexcept;   // of outcome_unknown
  std::optional<std::uint64_t> floor() const noexcept;               // of history_pruned
  std::optional<std::uint64_t> current_version() const noexcept;     // of settings_mismatch
  std::optional<std::int64_t> holder_pid() const noexcept;           // of store_locked
  std::optional<std::size_t> position() const noexcept;   // of invalid_selector: bytes from the start
  std::optional<int> system_error() const noexcept;       // errno of the failed system call

  // Of one code, whatever else they name.
  friend bool operator==(const Error& error, ErrorCode code) noexcept { return error.code_ == code; }

 private:
  struct Shared;
  ErrorCode code_;
  Shared* shared_ = nullptr;
};

// A value, or why there is none.
template <class T>
using Result = std::expected<T, Error>;

}   // namespace usertags
