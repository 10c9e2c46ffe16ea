// Writes, answers and verdicts as text, for the messages of failing tests.
#pragma once

#include <string>
#include <string_view>

#include <usertags/error.hpp>
#include <usertags/user.hpp>
#include <usertags/write.hpp>

#include "support/reference_store.hpp"

namespace usertags::test {

// In quotes; control characters, and bytes that are no UTF-8, as \xNN; runs of many as `x{51}`.
std::string in_quotes(std::string_view text);

std::string describe(const Violation& violation);
std::string describe(const Operation& operation);
std::string describe(const TagBatch& batch);
std::string describe(const TagList& tags);
std::string describe(const ApplyOptions& options);
std::string describe(const Write& write);
std::string describe(const User& user);
std::string describe(const ReferenceUser& user);
std::string describe(const Verdict& verdict);
std::string describe(const Result<Applied>& answer);

}   // namespace usertags::test
