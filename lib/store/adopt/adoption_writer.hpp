// Takes what was found into the file: entries of the log, rows, and the commit record, within one
// transaction.
//
// Afterwards the file is as a store leaves it that was closed in good order: every row bears its checksum and
// is at its user's newest change, so that nothing is left to fold; log, digest, and tokens are proved by the
// commit record. Its epoch is a new one, so that whoever reads the log can see that users were changed
// outside of it.
#pragma once

#include <string_view>

#include <usertags/adoption.hpp>

#include "sqlite/database.hpp"
#include "sqlite/state.hpp"
#include "store/adopt/adoption_findings.hpp"
#include "store/adopt/adoption_survey.hpp"

namespace usertags::store {

// Whether the file is not as the store left it.
bool differs(const Survey& survey, const Findings& findings) noexcept;

// Of the log's entries and of the tokens that are forgotten: floors as they will be.
struct Floors {
  std::uint64_t log = 0;
  std::uint64_t token = 0;
};
Floors floors_after(const Survey& survey, const Findings& findings) noexcept;

// Writes all of it, within the caller's transaction, and answers the commit record. Users who are created get
// their ids, which findings show from then on. None has a problem. Throws Failure, and std::bad_alloc.
sqlite::State take_in(sqlite::Database& database, const Survey& survey, Findings& findings,
                      std::string_view note);

}   // namespace usertags::store
