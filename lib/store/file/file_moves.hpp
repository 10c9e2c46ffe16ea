// How a finished file gets its name, so that at every moment there is the old file or the new one, and whole.
#pragma once

#include <filesystem>

namespace usertags::store {

// Both throw Failure, and leave `from` where it is then. In place of a file that is there:
void move_over(const std::filesystem::path& from, const std::filesystem::path& to);
// Where there is none; busy, where one has come into being. Some file systems cannot tell, and replace it.
void move_to_new(const std::filesystem::path& from, const std::filesystem::path& to);

// What was moved into the folder stays there through a power loss. Throws Failure.
void sync_folder(const std::filesystem::path& folder);

}   // namespace usertags::store
