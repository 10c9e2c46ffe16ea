// What the system refuses: errno as typed errors, and which right is missing.
#pragma once

#include <filesystem>
#include <optional>
#include <string>

#include <usertags/error.hpp>

namespace usertags::store {

// What a system call that failed means to the store.

// Throws the Failure that an errno means: permission_denied, disk_full or io_error. `what` says what could
// not be done, and to what; the system's own words are appended. `remedy` is for an io_error that has a
// better one than to check the device.
[[noreturn]] void fail_system(int error, std::string what, std::string remedy = {});

// Rights: which one a process lacks, and on what, where something could not be done to a store's files.
//
// They are asked for after something failed, never before: the system's answer to the call itself is the one
// that counts.

// What keeps this process from reading or writing the store and the files that SQLite keeps beside it, in
// words ("the folder /data cannot be written to, and users.db-wal is to be made there"); none where nothing
// does.
std::optional<std::string> missing_right_to_read(const std::filesystem::path& store);
std::optional<std::string> missing_right_to_write(const std::filesystem::path& store);

// Throws Failure (permission_denied): what could not be done, and the right that is missing.
[[noreturn]] void fail_right(int system_error, const std::string& what, const std::string& missing);

// Throws that where SQLite failed to open a store for reading, or writing, and a right is missing; else the
// error.
[[noreturn]] void fail_to_read(const std::filesystem::path& store, const Error& error);
[[noreturn]] void fail_to_write(const std::filesystem::path& store, const Error& error);

}   // namespace usertags::store
