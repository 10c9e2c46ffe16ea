// An Inspector of a file beside a read-only store of it, of the same moment: whatever both answer is the same.
// Throws Disagreement.
#pragma once

#include <usertags/inspector.hpp>
#include <usertags/user_tag_store.hpp>

#include "support/reference_store.hpp"

namespace usertags::test {

// The reference tells of users who are gone, too.
void expect_inspected(const Inspector& inspector, const UserTagStore& store, const ReferenceStore& reference);

}   // namespace usertags::test
