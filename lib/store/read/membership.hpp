// Membership: who came to a selector's users and who went from them, from the log.
//
// Between a position and now only users whom the log names can have come or gone; of these, only those who were
// created, deleted, or had a key changed that the selector asks about. For each of them the values of these keys are
// gathered, as they were at both ends: a change tells what was before it. What no change has touched in between is the
// same at both ends, and is as the user has it today, but for what later changes have touched, which tell it as well.
#pragma once

#include <functional>

#include <usertags/change.hpp>
#include <usertags/page.hpp>

#include "index/projection.hpp"
#include "selector/node.hpp"
#include "store/read/feed.hpp"

namespace usertags::store {

using MembershipVisitor = std::function<void(const MembershipChange&)>;

// Calls the function for each of them, in the order of the users' creation, and answers the other end: where the store
// was at the beginning of the call. No lock is held meanwhile. Errors as in UserTagStore::membership_changes(). Throws
// Failure, std::bad_alloc, and what the function throws.
Result<Position> membership_changes(Feed& feed, const index::Projection& projection,
                                    const selector::Node& selector, const Position& after,
                                    const AskOptions& options, const MembershipVisitor& function);

}   // namespace usertags::store
