#include "exit_code.hpp"

namespace usertags::command {

int exit_code(ErrorCode code) {
  switch (code) {
    case ErrorCode::batch_refused:
    case ErrorCode::user_not_found:
    case ErrorCode::user_exists:
    case ErrorCode::revision_mismatch:
    case ErrorCode::token_reused:
    case ErrorCode::settings_mismatch:
    case ErrorCode::transaction_too_large:
    case ErrorCode::history_pruned:
    case ErrorCode::future_revision: return kRefused;
    case ErrorCode::invalid_argument:
    case ErrorCode::invalid_selector:
    case ErrorCode::invalid_cursor: return kWrongUsage;
    case ErrorCode::outcome_unknown: return kOutcomeUnknown;
    case ErrorCode::memory_budget_exceeded:
    case ErrorCode::read_only:
    case ErrorCode::busy:
    case ErrorCode::store_locked:
    case ErrorCode::not_leader:
    case ErrorCode::wrong_shard:
    case ErrorCode::cluster_member:
    case ErrorCode::store_closed:
    case ErrorCode::store_failed:
    case ErrorCode::foreign_write:
    case ErrorCode::forked:
    case ErrorCode::not_a_store:
    case ErrorCode::unsupported_format:
    case ErrorCode::corrupt_store:
    case ErrorCode::permission_denied:
    case ErrorCode::io_error:
    case ErrorCode::disk_full:
    case ErrorCode::out_of_memory:
    case ErrorCode::cancelled:
    case ErrorCode::timeout: break;
  }
  return kFailed;
}

int exit_code_of_line(ErrorCode code) {
  const int code_of_call = exit_code(code);
  return code_of_call == kWrongUsage ? kRefused : code_of_call;
}

}   // namespace usertags::command
