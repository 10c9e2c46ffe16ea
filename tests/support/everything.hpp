// Everything that a store shows, as text: for comparing a store with its copy, or with itself before.
#pragma once

#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

namespace usertags::test {

// Users with ids, revisions and tags, keys, values' counts, every change that is kept, and the digest, a line
// each. Throws where the store cannot be verified.
std::vector<std::string> everything(const UserTagStore& store);

// Creates users with so many bytes of tags each that some hundred fill a MiB of the file. Names are those
// numbers.
void create_big_users(UserTagStore& store, int first, int last);

}   // namespace usertags::test
