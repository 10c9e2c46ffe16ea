// What tests of adoptions share: changes in words, the reference brought to what was adopted, and the proof
// that a file shows it in every way a store can be looked at.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/reference_store.hpp"

namespace usertags::test {

// Such as `patched ann tier=gold !team`, with `(in part)` where it is not complete, `(row)` where it is not
// logged, and `PROBLEM` where it has one.
std::string describe(const ForeignChange& change);
std::vector<std::string> describe(const std::vector<ForeignChange>& changes);

// Makes the changes to the reference, too, as writes with this note. None is incomplete or has a problem.
void take_in(ReferenceStore& reference, const Adoption& adoption, const std::string& note);

// Opens the store for writing and read-only, and proves it: users, pages, selectors, facets, views, verify(),
// and that it takes a write and opens again. `with_log`: feed and histories as well. The reference is written
// to likewise.
enum class LogOf : bool { whole_past, adoption_only };
void expect_adopted(const std::filesystem::path& path, ReferenceStore& reference,
                    LogOf log = LogOf::whole_past);

// Tags by external id, as the views show them, and as the store does. What the views show of a file that was
// edited is what an adoption makes of it, but for revisions that were edited, too.
using Shown = std::map<std::string, std::map<std::string, std::string>>;
Shown shown_by_views(const std::filesystem::path& path);
Shown shown_by(const UserTagStore& store);

// The bytes of database and WAL.
std::pair<std::string, std::string> file_bytes(const std::filesystem::path& path);

}   // namespace usertags::test
