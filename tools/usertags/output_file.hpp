// Files that a command writes: nothing that exists is overwritten unless that is forced, and no file of any
// store ever is, whatever links lead to it.
#pragma once

#include <string>

namespace usertags::command {

// Throws UsageError where `path` is, or would become, a file that stands beside a store: -wal, -shm, -journal
// or .lock. `option` is what the user calls the path.
void refuse_sidecar(const std::string& path, const std::string& option);

// Throws UsageError where `path` may not be written: it exists without `force` (devices and pipes are
// written to), is a store, or stands beside one, also beside the store `own` that is yet to be made.
void refuse_output(const std::string& path, const std::string& option, const std::string& own, bool force);

}   // namespace usertags::command
