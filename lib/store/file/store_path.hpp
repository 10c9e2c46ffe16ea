// The path of a store, resolved and judged before SQLite sees it.
#pragma once

#include <filesystem>
#include <string>

namespace usertags::store {

struct StorePath {
  // Absolute, symbolic links resolved, also of a file that is not there yet: one store has one sidecar.
  std::filesystem::path path;
  bool exists = false;
};

// Throws Failure: io_error for a missing folder or what is no regular file; invalid_argument for a file with
// several hard links (each name would have its own WAL) and for known network file systems, unless allowed
// (their locks cannot be trusted); not_a_store for a file of one byte, of which SQLite would make a new
// database; permission_denied.
StorePath resolve_store_path(const std::filesystem::path& path, bool allow_network_file_system);

// Throws Failure (not_a_store) where there is no file.
void require_store(const StorePath& place, std::string remedy = {});

// Whether a WAL with something in it stands beside the file.
bool has_wal(const std::filesystem::path& store);

// Whether a rollback journal with something in it does: of somebody who took the file out of WAL mode, and is
// at work, or was killed in the midst of it.
bool has_journal(const std::filesystem::path& store);

}   // namespace usertags::store
