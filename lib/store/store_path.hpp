// The path of a store, resolved and judged before SQLite sees it.
#pragma once

#include <filesystem>

namespace usertags::store {

struct StorePath {
  std::filesystem::path path;   // absolute, symbolic links resolved: one store has one sidecar
  bool exists = false;
  bool has_wal = false;   // a WAL with something in it
};

// Throws Failure: io_error for a missing folder or what is no regular file; invalid_argument for a file with
// several hard links (each name would have its own WAL) and for known network file systems, unless allowed
// (their locks cannot be trusted); permission_denied.
StorePath resolve_store_path(const std::filesystem::path& path, bool allow_network_file_system);

}   // namespace usertags::store
