#include "output/output.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <array>
#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <string_view>
#include <system_error>
#include <utility>

#include "input/arguments.hpp"

namespace usertags::command {

namespace {
constexpr std::size_t kFlushAt = std::size_t{64} << 10;
}

Output Output::create(const std::string& path, bool force) {
  struct stat status{};
  const bool is_stream = stat(path.c_str(), &status) == 0 && !S_ISREG(status.st_mode);
  const bool is_link = lstat(path.c_str(), &status) == 0 && S_ISLNK(status.st_mode);   // O_EXCL refuses any
  const int how = force || is_stream || is_link ? O_TRUNC : O_EXCL;
  const int fd = open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC | how, 0666);
  if (fd < 0) throw std::system_error(errno, std::generic_category(), path);
  Output output(fd);
  output.owned_ = true;
  return output;
}

Output::Output(Output&& other) noexcept
    : fd_(other.fd_),
      errors_(other.errors_),
      owned_(std::exchange(other.owned_, false)),
      buffer_(std::exchange(other.buffer_, {})) {}

Output::~Output() {
  if (owned_) close(fd_);
}

void Output::line_done() {
  buffer_ += '\n';
  if (buffer_.size() >= kFlushAt) flush();
}

void Output::line(std::string_view text) {
  buffer_ += text;
  line_done();
}

void Output::flush() {
  try {
    write_all();
  } catch (...) {
    buffer_.clear();
    if (errors_ == Errors::thrown) throw;
  }
  buffer_.clear();
}

void Output::write_all() {
  std::string_view rest = buffer_;
  while (!rest.empty()) {
    const ssize_t written = write(fd_, rest.data(), rest.size());
    if (written >= 0) {
      rest.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EPIPE) {
      throw ClosedPipe{};
    } else if (errno != EINTR) {
      throw std::system_error(errno, std::generic_category(), "writing the output");
    }
  }
}

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
