// How commands open and close a store.
#pragma once

#include <string>

#include <usertags/user_tag_store.hpp>

#include "console.hpp"
#include "new_store.hpp"

namespace usertags::command {

// Changes no byte of the store and makes nothing; works beside a process that writes.
Result<UserTagStore> open_to_look(const std::string& path);

// What the store has to say of its health is told to the console. From here on interruptions are deferred:
// there may be something to finish.
Result<UserTagStore> open_to_write(const std::string& path, const NewStore& wanted, Console& console);

// Writes are safe before this; what goes wrong here is told as a note.
void close_after_writing(UserTagStore& store, Console& console);

}   // namespace usertags::command
