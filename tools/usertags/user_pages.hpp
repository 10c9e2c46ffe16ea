// Users, page by page, and how they are listed.
#pragma once

#include <usertags/user_tag_store.hpp>

#include "console.hpp"
#include "pages.hpp"
#include "paging.hpp"

namespace usertags::command {

using UserPages = Pages<UserPage>;

// Asks for all users. The store outlives what is returned.
UserPages::Ask every_user(const UserTagStore& store);

// One user a line, in the order of their creation. Returns the exit code.
int list_users(UserPages pages, const Paging& paging, Console& console);

}   // namespace usertags::command
