// Adopting what something other than the store did to its file
// (docs/file-format.md, "What a foreign writer breaks"):
//
//   survey (adoption_survey) ──▶ differences (adoption_findings) ──▶ rules (judge)
//                                                      └▶ none has a problem: taken in (adoption_writer)
//
// It looks at the file as readers do, and changes no byte of it, unless it is going to adopt. Then it looks
// again through the writing connection, within the transaction, because nothing but the sidecar kept
// others out.
#pragma once

#include <filesystem>

#include <usertags/adoption.hpp>

#include "model/failure.hpp"
#include "sqlite/connection.hpp"

namespace usertags::store {

// Throws Failure: what opening a store throws (store_locked among others, but for a dry run),
// invalid_argument, outcome_unknown; std::bad_alloc.
Adoption adopt(const std::filesystem::path& path, const AdoptOptions& options);

// Throws the failure as it is; or corrupt_store, where it is foreign_write and an adoption would answer that:
// the answer must not send a host to an adoption that cannot be. Within the transaction of the failure.
[[noreturn]] void refuse_foreign(sqlite::Connection& connection, const model::Failure& found);

}   // namespace usertags::store
