#include "bindings/c/codes.hpp"

#include <usertags/usertags.h>
#include <cstddef>
#include <limits>
#include <string_view>
#include <type_traits>

// What C++ has and C does not know does not compile, whatever warnings the build asks for.
#pragma GCC diagnostic error "-Wswitch"

namespace usertags::c {

std::int32_t number_of(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::batch_refused: return USERTAGS_BATCH_REFUSED;
    case ErrorCode::user_not_found: return USERTAGS_USER_NOT_FOUND;
    case ErrorCode::user_exists: return USERTAGS_USER_EXISTS;
    case ErrorCode::revision_mismatch: return USERTAGS_REVISION_MISMATCH;
    case ErrorCode::token_reused: return USERTAGS_TOKEN_REUSED;
    case ErrorCode::invalid_argument: return USERTAGS_INVALID_ARGUMENT;
    case ErrorCode::invalid_selector: return USERTAGS_INVALID_SELECTOR;
    case ErrorCode::invalid_cursor: return USERTAGS_INVALID_CURSOR;
    case ErrorCode::history_pruned: return USERTAGS_HISTORY_PRUNED;
    case ErrorCode::future_revision: return USERTAGS_FUTURE_REVISION;
    case ErrorCode::memory_budget_exceeded: return USERTAGS_MEMORY_BUDGET_EXCEEDED;
    case ErrorCode::read_only: return USERTAGS_READ_ONLY;
    case ErrorCode::busy: return USERTAGS_BUSY;
    case ErrorCode::store_locked: return USERTAGS_STORE_LOCKED;
    case ErrorCode::store_closed: return USERTAGS_STORE_CLOSED;
    case ErrorCode::store_failed: return USERTAGS_STORE_FAILED;
    case ErrorCode::outcome_unknown: return USERTAGS_OUTCOME_UNKNOWN;
    case ErrorCode::foreign_write: return USERTAGS_FOREIGN_WRITE;
    case ErrorCode::forked: return USERTAGS_FORKED;
    case ErrorCode::not_a_store: return USERTAGS_NOT_A_STORE;
    case ErrorCode::unsupported_format: return USERTAGS_UNSUPPORTED_FORMAT;
    case ErrorCode::corrupt_store: return USERTAGS_CORRUPT_STORE;
    case ErrorCode::permission_denied: return USERTAGS_PERMISSION_DENIED;
    case ErrorCode::io_error: return USERTAGS_IO_ERROR;
    case ErrorCode::disk_full: return USERTAGS_DISK_FULL;
    case ErrorCode::out_of_memory: return USERTAGS_OUT_OF_MEMORY;
    case ErrorCode::cancelled: return USERTAGS_CANCELLED;
    case ErrorCode::timeout: return USERTAGS_TIMEOUT;
    case ErrorCode::settings_mismatch: return USERTAGS_SETTINGS_MISMATCH;
    case ErrorCode::transaction_too_large: return USERTAGS_TRANSACTION_TOO_LARGE;
    case ErrorCode::not_leader: return USERTAGS_NOT_LEADER;
    case ErrorCode::wrong_shard: return USERTAGS_WRONG_SHARD;
    case ErrorCode::cluster_member: return USERTAGS_CLUSTER_MEMBER;
  }
  return 0;
}

std::int32_t number_of(OperationKind kind) noexcept {
  switch (kind) {
    case OperationKind::create: return USERTAGS_OPERATION_CREATE;
    case OperationKind::update: return USERTAGS_OPERATION_UPDATE;
    case OperationKind::set: return USERTAGS_OPERATION_SET;
    case OperationKind::erase: return USERTAGS_OPERATION_ERASE;
  }
  return 0;
}

std::int32_t number_of(Violation::Reason reason) noexcept {
  using enum Violation::Reason;
  switch (reason) {
    case key_exists: return USERTAGS_REASON_KEY_EXISTS;
    case key_missing: return USERTAGS_REASON_KEY_MISSING;
    case value_mismatch: return USERTAGS_REASON_VALUE_MISMATCH;
    case duplicate_key: return USERTAGS_REASON_DUPLICATE_KEY;
    case empty_key: return USERTAGS_REASON_EMPTY_KEY;
    case key_too_long: return USERTAGS_REASON_KEY_TOO_LONG;
    case value_too_long: return USERTAGS_REASON_VALUE_TOO_LONG;
    case forbidden_character: return USERTAGS_REASON_FORBIDDEN_CHARACTER;
    case malformed_utf8: return USERTAGS_REASON_MALFORMED_UTF8;
    case contains_nul: return USERTAGS_REASON_CONTAINS_NUL;
    case too_many_tags: return USERTAGS_REASON_TOO_MANY_TAGS;
    case too_many_operations: return USERTAGS_REASON_TOO_MANY_OPERATIONS;
  }
  return 0;
}

std::int32_t number_of(Violation::Subject subject) noexcept {
  switch (subject) {
    case Violation::Subject::batch: return USERTAGS_SUBJECT_BATCH;
    case Violation::Subject::key: return USERTAGS_SUBJECT_KEY;
    case Violation::Subject::value: return USERTAGS_SUBJECT_VALUE;
  }
  return 0;
}

std::int32_t number_of(ChangeKind kind) noexcept {
  switch (kind) {
    case ChangeKind::created: return USERTAGS_CHANGE_CREATED;
    case ChangeKind::patched: return USERTAGS_CHANGE_PATCHED;
    case ChangeKind::deleted: return USERTAGS_CHANGE_DELETED;
  }
  return 0;
}

std::int32_t number_of(VerifyReport::Kind kind) noexcept {
  switch (kind) {
    case VerifyReport::Kind::sqlite: return USERTAGS_PROBLEM_SQLITE;
    case VerifyReport::Kind::schema: return USERTAGS_PROBLEM_SCHEMA;
    case VerifyReport::Kind::state: return USERTAGS_PROBLEM_STATE;
    case VerifyReport::Kind::log: return USERTAGS_PROBLEM_LOG;
    case VerifyReport::Kind::user_row: return USERTAGS_PROBLEM_USER_ROW;
    case VerifyReport::Kind::token: return USERTAGS_PROBLEM_TOKEN;
    case VerifyReport::Kind::digest: return USERTAGS_PROBLEM_DIGEST;
    case VerifyReport::Kind::memory: return USERTAGS_PROBLEM_MEMORY;
    case VerifyReport::Kind::tag_index: return USERTAGS_PROBLEM_TAG_INDEX;
    case VerifyReport::Kind::external_id_hash: return USERTAGS_PROBLEM_EXTERNAL_ID_HASH;
  }
  return 0;
}

std::int32_t number_of(LogLevel level) noexcept {
  switch (level) {
    case LogLevel::info: return USERTAGS_LOG_INFO;
    case LogLevel::warning: return USERTAGS_LOG_WARNING;
    case LogLevel::error: return USERTAGS_LOG_ERROR;
  }
  return 0;
}

namespace {

// The name of the enumerator that has this number. The names are literals: a NUL stands behind each.
template <class Enumeration>
usertags_text name_of(std::int32_t number) noexcept {
  static_assert(sizeof(Enumeration) == 1);
  std::string_view name = "unknown";
  for (int value = 0; number != 0 && value <= std::numeric_limits<std::uint8_t>::max(); ++value) {
    const auto enumerator = static_cast<Enumeration>(value);
    if (number_of(enumerator) == number) name = to_string(enumerator);
  }
  return {name.data(), name.size()};
}

}   // namespace

}   // namespace usertags::c

usertags_text usertags_code_name(int32_t code) {
  return code == USERTAGS_OK ? usertags_text{"ok", 2} : usertags::c::name_of<usertags::ErrorCode>(code);
}

usertags_text usertags_operation_name(int32_t operation) {
  return usertags::c::name_of<usertags::OperationKind>(operation);
}

usertags_text usertags_reason_name(int32_t reason) {
  return usertags::c::name_of<usertags::Violation::Reason>(reason);
}

usertags_text usertags_subject_name(int32_t subject) {
  return usertags::c::name_of<usertags::Violation::Subject>(subject);
}

usertags_text usertags_change_kind_name(int32_t kind) {
  return usertags::c::name_of<usertags::ChangeKind>(kind);
}

usertags_text usertags_problem_kind_name(int32_t kind) {
  return usertags::c::name_of<usertags::VerifyReport::Kind>(kind);
}
