// The rules that an adoption holds what it found against: those of tags, as if they were created, with the
// limits of the store's settings; of external ids; and that these are unique, and ids grow with ordinals,
// among all users.
#pragma once

#include "store/adopt/adoption_findings.hpp"
#include "store/adopt/adoption_survey.hpp"

namespace usertags::store {

// Fills in problems and violations. Throws Failure (corrupt_store) where users whom nobody changed break a
// rule, and std::bad_alloc.
void judge(const Survey& survey, Findings& findings);

}   // namespace usertags::store
