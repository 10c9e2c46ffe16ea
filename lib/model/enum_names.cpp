// The stable names of the public enumerations. They are written into JSON, documents and hosts' logs: a name
// that was released is never changed.
#include <usertags/change.hpp>
#include <usertags/error.hpp>
#include <usertags/stats.hpp>

namespace usertags {

// Of a number that is none of the enumeration's, which only a cast can make.
static constexpr std::string_view kUnknown = "unknown";

std::string_view to_string(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::batch_refused: return "batch_refused";
    case ErrorCode::user_not_found: return "user_not_found";
    case ErrorCode::user_exists: return "user_exists";
    case ErrorCode::revision_mismatch: return "revision_mismatch";
    case ErrorCode::token_reused: return "token_reused";
    case ErrorCode::invalid_argument: return "invalid_argument";
    case ErrorCode::invalid_selector: return "invalid_selector";
    case ErrorCode::invalid_cursor: return "invalid_cursor";
    case ErrorCode::history_pruned: return "history_pruned";
    case ErrorCode::future_revision: return "future_revision";
    case ErrorCode::memory_budget_exceeded: return "memory_budget_exceeded";
    case ErrorCode::read_only: return "read_only";
    case ErrorCode::busy: return "busy";
    case ErrorCode::store_locked: return "store_locked";
    case ErrorCode::store_closed: return "store_closed";
    case ErrorCode::store_failed: return "store_failed";
    case ErrorCode::outcome_unknown: return "outcome_unknown";
    case ErrorCode::foreign_write: return "foreign_write";
    case ErrorCode::forked: return "forked";
    case ErrorCode::not_a_store: return "not_a_store";
    case ErrorCode::unsupported_format: return "unsupported_format";
    case ErrorCode::corrupt_store: return "corrupt_store";
    case ErrorCode::permission_denied: return "permission_denied";
    case ErrorCode::io_error: return "io_error";
    case ErrorCode::disk_full: return "disk_full";
    case ErrorCode::out_of_memory: return "out_of_memory";
    case ErrorCode::cancelled: return "cancelled";
    case ErrorCode::timeout: return "timeout";
    case ErrorCode::settings_mismatch: return "settings_mismatch";
    case ErrorCode::transaction_too_large: return "transaction_too_large";
    case ErrorCode::not_leader: return "not_leader";
    case ErrorCode::wrong_shard: return "wrong_shard";
    case ErrorCode::cluster_member: return "cluster_member";
  }
  return kUnknown;
}

std::string_view to_string(OperationKind kind) noexcept {
  switch (kind) {
    case OperationKind::create: return "create";
    case OperationKind::update: return "update";
    case OperationKind::set: return "set";
    case OperationKind::erase: return "delete";
  }
  return kUnknown;
}

std::string_view to_string(Violation::Reason reason) noexcept {
  using enum Violation::Reason;
  switch (reason) {
    case key_exists: return "key_exists";
    case key_missing: return "key_missing";
    case value_mismatch: return "value_mismatch";
    case duplicate_key: return "duplicate_key";
    case empty_key: return "empty_key";
    case key_too_long: return "key_too_long";
    case value_too_long: return "value_too_long";
    case forbidden_character: return "forbidden_character";
    case malformed_utf8: return "malformed_utf8";
    case contains_nul: return "contains_nul";
    case too_many_tags: return "too_many_tags";
    case too_many_operations: return "too_many_operations";
  }
  return kUnknown;
}

std::string_view to_string(Violation::Subject subject) noexcept {
  switch (subject) {
    case Violation::Subject::batch: return "batch";
    case Violation::Subject::key: return "key";
    case Violation::Subject::value: return "value";
  }
  return kUnknown;
}

std::string_view to_string(ChangeKind kind) noexcept {
  switch (kind) {
    case ChangeKind::created: return "created";
    case ChangeKind::patched: return "patched";
    case ChangeKind::deleted: return "deleted";
  }
  return kUnknown;
}

std::string_view to_string(MembershipChange::Kind kind) noexcept {
  switch (kind) {
    case MembershipChange::Kind::entered: return "entered";
    case MembershipChange::Kind::left: return "left";
  }
  return kUnknown;
}

std::string_view to_string(VerifyReport::Kind kind) noexcept {
  using enum VerifyReport::Kind;
  switch (kind) {
    case sqlite: return "sqlite";
    case schema: return "schema";
    case state: return "state";
    case log: return "log";
    case user_row: return "user_row";
    case token: return "token";
    case digest: return "digest";
    case memory: return "memory";
    case tag_index: return "tag_index";
    case external_id_hash: return "external_id_hash";
  }
  return kUnknown;
}

}   // namespace usertags
