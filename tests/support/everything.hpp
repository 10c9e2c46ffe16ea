// Everything that a store shows, as text: for comparing a store with its copy, or with itself before.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

namespace usertags::test {

// Users with ids, revisions and tags, keys, values' counts, every change that is kept, and the digest, a line
// each. Throws where the store cannot be verified.
std::vector<std::string> everything(const UserTagStore& store);

// The users by external id, each with its revision and tags: for stores of up to 10,000 users. Throws where the
// store answers an error.
using Users = std::map<std::string, std::pair<std::uint64_t, std::string>>;
Users users_of(const UserTagStore& store);

// Creates users with so many bytes of tags each that some hundred fill a MiB of the file. Names are those
// numbers.
void create_big_users(UserTagStore& store, int first, int last);

}   // namespace usertags::test
