// What a system call that failed means to the store.
#pragma once

#include <string>

namespace usertags::store {

// Throws the Failure that an errno means: permission_denied, disk_full or io_error. `what` says what could
// not be done, and to what; the system's own words are appended. `remedy` is for an io_error that has a
// better one than to check the device.
[[noreturn]] void fail_system(int error, std::string what, std::string remedy = {});

}   // namespace usertags::store
