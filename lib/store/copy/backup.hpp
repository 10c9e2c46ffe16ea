// A backup: the copy, and how it takes its place.
#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>

#include <usertags/options.hpp>
#include <usertags/progress.hpp>

#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "store/file/partial_file.hpp"
#include "store/file/store_lock.hpp"

namespace usertags::store {

// BackupTarget: the place to which a copy of a store goes, judged before anything is copied, and again when
// the copy is put there.
//
// Only what is a store, closed, with nothing beside it that SQLite would apply to the copy, is replaced; a
// writer would go on writing into the file that was replaced. It is kept out by the sidecar. A sidecar that
// is there is held from the beginning. Where there is none, no writer has ever been there: it is made when a
// file is replaced, and not at all where there is no file, so that a copy that failed leaves nothing, and a
// new one stands alone.
class BackupTarget {
 public:
  struct Rules {
    std::filesystem::path store;   // that is copied: a resolved path; empty for one in memory
    bool allow_network_file_system = false;
    std::chrono::milliseconds patience{0};   // for those who are loading what is there
    bool may_replace = true;                 // a store; else nothing but an empty file
  };

  // Throws Failure: invalid_argument for a file of the store itself, with hard links, on a network file
  // system, or with a WAL or a journal beside it; store_locked; busy; not_a_store, unsupported_format and
  // corrupt_store for what is no store of this format; permission_denied; io_error.
  BackupTarget(const std::filesystem::path& target, Rules rules);

  const std::filesystem::path& path() const noexcept { return path_; }   // resolved

  // Moves the file, which is in the same folder, to the target, and syncs the folder. Throws Failure; the
  // target is then as it was, unless it is the folder that could not be synced.
  void replace_by(const std::filesystem::path& file);

 private:
  enum class Stage : std::uint8_t { before_copying, before_moving };

  void judge(Stage stage);
  void refuse_own_file() const;
  void lock(Stage stage);
  void refuse_what_would_be_applied() const;
  void refuse_other_files() const;

  const Rules rules_;
  const std::filesystem::path path_;
  bool exists_ = false;
  std::optional<StoreLock> lock_;
};

// From the file alone, and as the disk has it: what is told of the copy is true of the copy. Throws Failure
// (corrupt_store).
void expect_good_copy(const std::filesystem::path& file);

// Backup: an online copy of a store, in place as a whole or not at all.
//
//   judge the target ─▶ copy to another name beside it, synced ─▶ prove it ─▶ judge again ─▶ rename ─▶ sync
//   the folder
//
// What is copied is one read transaction: a moment, and all that was acknowledged before it.
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

  const Source source_;
  BackupTarget target_;
  std::optional<PartialFile> partial_;
};

}   // namespace usertags::store
