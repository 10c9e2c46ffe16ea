#include <gtest/gtest.h>

#include <string_view>
#include <usertags/change.hpp>
#include <usertags/error.hpp>
#include <usertags/stats.hpp>
#include <vector>

namespace usertags {
namespace {

// The values of an enumeration are 0, 1, 2 … in the order of `names`, and there is none beyond them.
template <class Enum>
void expect_names(const std::vector<std::string_view>& names) {
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(to_string(static_cast<Enum>(i)), names[i]);
  EXPECT_EQ(to_string(static_cast<Enum>(names.size())), "unknown");
}

TEST(EnumNames, OfErrorCodesAreStable) {
  expect_names<ErrorCode>({"batch_refused",
                           "user_not_found",
                           "user_exists",
                           "revision_mismatch",
                           "token_reused",
                           "invalid_argument",
                           "invalid_selector",
                           "invalid_cursor",
                           "history_pruned",
                           "future_revision",
                           "memory_budget_exceeded",
                           "read_only",
                           "busy",
                           "store_locked",
                           "store_closed",
                           "store_failed",
                           "outcome_unknown",
                           "foreign_write",
                           "forked",
                           "not_a_store",
                           "unsupported_format",
                           "corrupt_store",
                           "permission_denied",
                           "io_error",
                           "disk_full",
                           "out_of_memory",
                           "cancelled",
                           "timeout",
                           "settings_mismatch",
                           "transaction_too_large",
                           "not_leader",
                           "wrong_shard",
                           "cluster_member"});
}

TEST(EnumNames, OfReasonsAndSubjectsAreStable) {
  expect_names<Violation::Reason>({"key_exists", "key_missing", "value_mismatch", "duplicate_key",
                                   "empty_key", "key_too_long", "value_too_long", "forbidden_character",
                                   "malformed_utf8", "contains_nul", "too_many_tags", "too_many_operations"});
  expect_names<Violation::Subject>({"batch", "key", "value"});
}

TEST(EnumNames, OfOperationsAreTheWordsOfJson) {
  expect_names<OperationKind>({"create", "update", "set", "delete"});
}

TEST(EnumNames, OfProblemsAreStable) {
  expect_names<VerifyReport::Kind>({"sqlite", "schema", "state", "log", "user_row", "token", "digest",
                                    "memory", "tag_index", "external_id_hash"});
}

TEST(EnumNames, OfChangesAreStable) {
  EXPECT_EQ(to_string(ChangeKind::created), "created");
  EXPECT_EQ(to_string(ChangeKind::patched), "patched");
  EXPECT_EQ(to_string(ChangeKind::deleted), "deleted");
  EXPECT_EQ(to_string(MembershipChange::Kind::entered), "entered");
  EXPECT_EQ(to_string(MembershipChange::Kind::left), "left");
}

static_assert(noexcept(to_string(ErrorCode{})) && noexcept(to_string(OperationKind{})));

}   // namespace
}   // namespace usertags
