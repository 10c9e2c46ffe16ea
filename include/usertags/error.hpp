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
  batch_refused,   // violations() says why; nothing was applied
  user_not_found,
  user_exists,         // existing_id() names the holder of the external id
  revision_mismatch,   // current_revision() is the user's
  token_reused,        // another request bore the token
  invalid_argument,
  invalid_selector,   // position() is the byte at which it was noticed
  invalid_cursor,     // not of this store and question
  history_pruned,     // floor() is the oldest revision still kept
  future_revision,    // current_revision() is the store's
  memory_budget_exceeded,
  read_only,
  busy,           // not applied; try again later
  store_locked,   // holder_pid() is the process that writes
  store_closed,
  store_failed,      // the store stopped after an earlier failure; open it again
  outcome_unknown,   // applied or not? After the next open, compare intended_revision() with revision()
  foreign_write,     // something other than the store changed the file
  forked,            // the store belongs to the parent process
  not_a_store,
  unsupported_format,
  corrupt_store,
  permission_denied,
  io_error,
  disk_full,
  out_of_memory,
  cancelled,
  timeout,
  settings_mismatch,   // current_version() is that of the store's settings
  transaction_too_large,
  // Of clusters, which are not there yet.
  not_leader,       // another machine writes
  wrong_shard,      // the user is in another store
  cluster_member,   // the file belongs to a cluster: nothing else writes to it
};

USERTAGS_EXPORT std::string_view to_string(ErrorCode) noexcept;

// The values are in digests that files keep (of requests with a token): they never change.
enum class OperationKind : std::uint8_t { create = 0, update = 1, set = 2, erase = 3 };

// "create", "update", "set" and "delete": the words of JSON and of the command.
USERTAGS_EXPORT std::string_view to_string(OperationKind) noexcept;

// One reason why a batch, or the tags of a creation, was refused.
struct Violation {
  enum class Reason : std::uint8_t {
    key_exists,
    key_missing,
    value_mismatch,
    duplicate_key,
    empty_key,
    key_too_long,
    value_too_long,
    forbidden_character,
    malformed_utf8,
    contains_nul,
    too_many_tags,
    too_many_operations,
  };
  // What the reason is about. A violation of the whole batch names no operation and no key.
  enum class Subject : std::uint8_t { batch, key, value };

  Reason reason{};
  Subject subject = Subject::batch;
  std::optional<std::size_t> item{};    // which Write, in a call with many
  std::optional<std::size_t> index{};   // which operation, in the order in which they were given
  std::optional<OperationKind> operation{};
  // As it was given, also where it is malformed. Of a key longer than kMaxKeyBytes, the beginning, cut
  // between characters.
  std::string key{};
  std::optional<std::string> current{};       // the user's value of the key, where it helps
  std::optional<std::size_t> first_index{};   // of duplicate_key: the operation that had the key first
  std::optional<OperationKind> first_operation{};
  // The bound, and the size found: in characters (key_too_long, value_too_long), tags (too_many_tags) or
  // operations (too_many_operations).
  std::optional<std::size_t> limit{};
  std::optional<std::size_t> found{};
  // Of forbidden_character, malformed_utf8 and contains_nul: bytes from the start of the key or value.
  std::optional<std::size_t> position{};
  std::optional<char> character{};   // of forbidden_character: which one

  static constexpr std::size_t kMaxKeyBytes = 256;

  bool operator==(const Violation&) const = default;
};

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
    std::vector<Violation> violations{};
    std::optional<std::size_t> item{};   // of apply_all: the first Write that failed
    std::string existing_id{};
    std::optional<std::uint64_t> current_revision{};
    std::optional<std::uint64_t> intended_revision{};
    std::optional<std::uint64_t> floor{};
    std::optional<std::uint64_t> current_version{};
    std::optional<std::int64_t> holder_pid{};
    std::optional<std::size_t> position{};
    std::optional<int> system_error{};   // errno of the failed system call
  };

  Error(ErrorCode code) noexcept : code_(code) {}   // implicit: `return std::unexpected(ErrorCode::busy)`
  Error(ErrorCode code, std::string what) noexcept;
  Error(ErrorCode code, Details details) noexcept;   // without memory for the details, they are left out
  Error(const Error& other) noexcept;
  Error(Error&& other) noexcept;
  Error& operator=(Error other) noexcept;
  ~Error();

  ErrorCode code() const noexcept { return code_; }
  // What happened, to what, and what to do: one line without a full stop. Made on demand; throws
  // std::bad_alloc. Texts from outside stand in quotes ("key", "value", 'path'), and are cut at 80 bytes (a
  // path at 4,096), which "…" shows.
  std::string message() const;
  std::string what() const;   // its first half: what happened, to what

  const Details& details() const noexcept USERTAGS_LIFETIMEBOUND;   // all that it names

  std::span<const Violation> violations() const noexcept USERTAGS_LIFETIMEBOUND;   // of batch_refused
  std::optional<std::size_t> item() const noexcept;   // of apply_all: the first Write that failed
  std::string_view existing_id() const noexcept USERTAGS_LIFETIMEBOUND;   // of user_exists; else empty
  std::optional<std::uint64_t> current_revision() const noexcept;
  std::optional<std::uint64_t> intended_revision() const noexcept;   // of outcome_unknown
  std::optional<std::uint64_t> floor() const noexcept;               // of history_pruned
  std::optional<std::uint64_t> current_version() const noexcept;     // of settings_mismatch
  std::optional<std::int64_t> holder_pid() const noexcept;           // of store_locked
  std::optional<std::size_t> position() const noexcept;   // of invalid_selector: bytes from the start
  std::optional<int> system_error() const noexcept;

  friend bool operator==(const Error& error, ErrorCode code) noexcept { return error.code_ == code; }

 private:
  struct Shared;
  ErrorCode code_;
  Shared* shared_ = nullptr;
};

template <class T>
using Result = std::expected<T, Error>;

}   // namespace usertags
