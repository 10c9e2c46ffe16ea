// CrashOracle: opens what a power loss left of a store, and judges it by what was promised.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <unordered_map>

#include "torture/life.hpp"
#include "torture/memory_disk.hpp"

namespace usertags::torture {

// What a store has that was opened: throw Finding.
void prove_contents(const UserTagStore& store,
                    const Past& past);   // exactly what was written up to its revision
void prove_token(const UserTagStore& store, const Past& past);   // the newest that it has to know is known

class CrashOracle {
 public:
  // While a MemoryDisk is the default VFS. There is no file at `path`.
  CrashOracle(MemoryDisk& disk, std::filesystem::path path, const Past& past)
      : disk_(disk), path_(std::move(path)), past_(past) {}

  // It opens; its revision is one that ends a commit, neither older than what was acknowledged nor newer than
  // what was submitted; its epoch is another one where it is behind what was shown; it holds exactly what was
  // written by then, tokens and settings included; verify() finds nothing (quick_check, every checksum, the
  // digest, the tag index against the users); and it takes a write. Throws Finding. An image that was judged
  // before is not opened again.
  void judge(const DiskImage& image, const Promise& promise);

  std::uint64_t images() const { return found_.size(); }   // different ones, which were opened

  // How the store is opened.
  static Options options();

 private:
  struct Found {
    std::uint64_t revision = 0;
    std::uint64_t epoch = 0;
    std::uint64_t settings_version = 0;
    std::string why_gone{};   // empty: it is the store of the past, and no new one
  };
  Found open_and_prove(const DiskImage& image);
  void prove_settings(const UserTagStore& store, std::uint64_t& version) const;

  MemoryDisk& disk_;
  const std::filesystem::path path_;
  const Past& past_;
  std::unordered_map<std::string, Found> found_;   // by the image's hash
};

}   // namespace usertags::torture
