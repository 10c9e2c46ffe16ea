// Findings: the users who are not as the store left them, found by comparing rows and log
// (adoption_survey.hpp).
#pragma once

#include <cstdint>
#include <vector>

#include <usertags/adoption.hpp>

#include "model/record.hpp"
#include "store/adopt/adoption_survey.hpp"

namespace usertags::store {

struct Finding {
  ForeignChange change;
  std::uint32_t ordinal = 0;   // of the row
  model::RecordPtr was;        // as the store left it; null where nothing tells
  // As it is to be, a tombstone where deleted, but for the revision where the change is logged. Null
  // for a creation, and for tags of which no record can be made.
  model::RecordPtr user;
};

struct Findings {
  std::vector<Finding> all;          // in the order of Adoption::changes
  std::uint64_t last_nameless = 0;   // the end of the newest segment with an entry whose user nothing names
  bool proved = false;
};

// Finds differences, and those problems that come from a user's past. Throws std::bad_alloc.
Findings find_differences(const Survey& survey);

// The rules that an adoption holds what it found against: those of tags, as if they were created, with the
// limits of the store's settings; of external ids; and that these are unique, and ids grow with ordinals,
// among all users.

// Fills in problems and violations. Throws Failure (corrupt_store) where users whom nobody changed break a
// rule, and std::bad_alloc.
void judge(const Survey& survey, Findings& findings);

}   // namespace usertags::store
