#include "store/file/file_witness.hpp"

#include <sys/stat.h>

#include <string_view>

namespace usertags::store {
namespace {

std::int64_t to_ns(const timespec& time) noexcept {
  return std::int64_t{time.tv_sec} * 1'000'000'000 + time.tv_nsec;
}

}   // namespace

FileWitness::FileWitness(const std::filesystem::path& store) : store_(store), then_(look()) {}

bool FileWitness::nobody_wrote() const {
  return look() == then_;
}

FileWitness::Look FileWitness::look_at(const std::filesystem::path& file, bool counts_if_empty) {
  struct stat info{};
  if (stat(file.c_str(), &info) != 0 || (info.st_size == 0 && !counts_if_empty)) return {};
  return {info.st_dev, info.st_ino, info.st_size, to_ns(info.st_mtim), to_ns(info.st_ctim)};
}

std::array<FileWitness::Look, 4> FileWitness::look() const {
  const auto beside = [&](std::string_view suffix) {
    std::filesystem::path file = store_;
    return file += suffix;
  };
  return {look_at(store_, true), look_at(beside("-wal"), false), look_at(beside("-journal"), false),
          look_at(beside(".lock"), true)};
}

}   // namespace usertags::store
