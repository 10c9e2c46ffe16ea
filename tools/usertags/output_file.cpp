#include "output_file.hpp"

#include <array>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>

#include "arguments.hpp"

namespace usertags::command {

namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 4> kSuffixes = {"-wal", "-shm", "-journal", ".lock"};
constexpr int kMaxLinks = 40;

// The file that writing to `path` would reach, also one that is yet to be made.
fs::path resolved(const std::string& path) {
  fs::path file = path;
  std::error_code failed;
  for (int links = 0; links < kMaxLinks && fs::is_symlink(file, failed); ++links) {
    file = file.parent_path() / fs::read_symlink(file, failed);
  }
  const fs::path whole = fs::weakly_canonical(fs::absolute(file, failed), failed);
  return failed ? file : whole;
}

std::string head_of(const fs::path& file) {
  std::string head(16, '\0');
  std::error_code failed;
  if (!fs::is_regular_file(file, failed)) return {};
  std::ifstream in(file, std::ios::binary);
  in.read(head.data(), static_cast<std::streamsize>(head.size()));
  head.resize(static_cast<std::size_t>(in.gcount()));
  return head;
}

bool is_database(const fs::path& file) {
  return head_of(file) == std::string_view("SQLite format 3\0", 16);
}

// A WAL or a journal, whatever its name: it may be a hard link.
bool is_log_of_database(const fs::path& file) {
  const std::string head = head_of(file);
  return head.starts_with("\x37\x7f\x06\x82") || head.starts_with("\x37\x7f\x06\x83") ||
         head.starts_with("\xd9\xd5\x05\xf9\x20\xa1\x63\xd7");
}

bool is_beside_store(const fs::path& file) {
  const std::string name = file.string();
  for (const std::string_view suffix : kSuffixes) {
    if (name.ends_with(suffix) && is_database(name.substr(0, name.size() - suffix.size()))) return true;
  }
  return is_log_of_database(file);
}

bool belongs_to(const fs::path& file, const fs::path& store) {
  const auto is = [&](const fs::path& own) {
    std::error_code missing;
    return file == own || fs::equivalent(file, own, missing);
  };
  if (is(store)) return true;
  for (const std::string_view suffix : kSuffixes) {
    if (is(fs::path(store) += suffix)) return true;
  }
  return false;
}

}   // namespace

void refuse_sidecar(const std::string& path, const std::string& option) {
  if (is_beside_store(resolved(path))) throw UsageError(option + " names a file that belongs to a store");
}

void refuse_output(const std::string& path, const std::string& option, const std::string& own, bool force) {
  const fs::path file = resolved(path);
  if (belongs_to(file, resolved(own))) throw UsageError(option + " names a file of the store itself");
  if (is_database(file) || is_beside_store(file)) {
    throw UsageError(option + " names a file that belongs to a store");
  }
  std::error_code failed;
  const fs::file_status status = fs::status(file, failed);
  if (fs::is_regular_file(status) && !force) {
    throw UsageError(option + " names a file that exists: choose another name, or --force to overwrite it");
  }
}

}   // namespace usertags::command
