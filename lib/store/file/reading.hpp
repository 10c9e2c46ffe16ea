// Reading: a connection that looks at a store's file and changes no byte of database and WAL, beside a live
// writer or without one.
//
// Where a WAL stands, or a writer holds the sidecar, it reads as SQLite readers do (mode=ro). Where neither
// is, SQLite would have to make a -shm first; then the sidecar is held shared instead, so that no writer
// starts meanwhile, and the file is read as immutable, which leaves nothing behind.
#pragma once

#include <chrono>
#include <filesystem>
#include <optional>

#include "sqlite/connection.hpp"
#include "store/file/store_lock.hpp"

namespace usertags::store {

struct Reading {
  std::optional<StoreLock> lock;
  sqlite::Connection connection;
};

// `store` is a resolved path (store_path.hpp). Throws Failure: not_a_store where the file is empty, and what
// Connection and identify() throw.
Reading open_for_reading(const std::filesystem::path& store, std::chrono::milliseconds busy_timeout);

// The same for a caller who holds the sidecar exclusively, so that nobody writes.
Reading open_under_lock(const std::filesystem::path& store, std::chrono::milliseconds busy_timeout);

}   // namespace usertags::store
