// The log as a store shows it, feed and histories, compared with what the reference was told. Throws
// Disagreement.
#pragma once

#include <usertags/user_tag_store.hpp>

#include "support/reference_store.hpp"

namespace usertags::test {

void expect_log(const UserTagStore& store, const ReferenceStore& reference);

}   // namespace usertags::test
