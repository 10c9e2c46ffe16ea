// The files of a store, as bytes, and what has to hold of any such files: every way to open them gives a
// typed answer, leaves what it may not change, and agrees with the others; and what opens and is proved is
// whole, shows what a stock SQLite shows, and takes a write.
#pragma once

#include <filesystem>
#include <string>

namespace usertags::fuzz {

struct StoreFiles {
  std::string database;
  std::string wal{};   // empty: there is none

  bool operator==(const StoreFiles&) const = default;
};

void put_files(const std::filesystem::path& path, const StoreFiles& files);   // in the place of what is there
StoreFiles files_at(const std::filesystem::path& path);

// Throws where it does not hold (test::Disagreement).
void examine_files(const StoreFiles& files);

}   // namespace usertags::fuzz
