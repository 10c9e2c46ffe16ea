// Backup: an online copy of a store, in place as a whole or not at all.
//
//   judge the target ─▶ copy to another name beside it, synced ─▶ prove it ─▶ judge again ─▶ rename ─▶ sync
//   the folder
//
// What is copied is one read transaction: a moment, and all that was acknowledged before it.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>

#include <usertags/options.hpp>
#include <usertags/progress.hpp>

#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "store/copy/backup_target.hpp"
#include "store/file/partial_file.hpp"

namespace usertags::store {

class Backup {
 public:
  struct Source {
    std::filesystem::path file;   // resolved; empty for a store in memory
    sqlite::StoreId store_id;
    std::uint64_t revision;   // at least
  };

  // Judges the target. Throws Failure (see BackupTarget).
  Backup(const std::filesystem::path& target, const Source& source, const Options& options);

  // Copies what the connection sees. Throws Failure: cancelled where `progress` answers false; io_error where
  // the connection's file is not the source; corrupt_store where the copy is not good; disk_full, io_error,
  // …. Nothing is left behind then.
  void copy(sqlite::Connection& from, const Progress& progress);

  // Puts the copy at the target. Throws Failure.
  void put_in_place();

 private:
  void check_source(sqlite::Connection& from) const;
  void prove() const;

  const Source source_;
  BackupTarget target_;
  std::optional<PartialFile> partial_;
};

}   // namespace usertags::store
