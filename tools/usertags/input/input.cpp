#include "input/input.hpp"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <boost/locale/utf.hpp>
#include <cerrno>
#include <string_view>
#include <system_error>
#include <utility>

#include "terminal/signals.hpp"

namespace usertags::command {

namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;

[[noreturn]] void fail(int error, const std::string& name) {
  throw std::system_error(error, std::generic_category(), name);
}

constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";

// Text of ASCII's characters, whatever else comes, has a NUL in every second byte.
bool is_utf_16(std::string_view start) {
  if (start.starts_with("\xFF\xFE") || start.starts_with("\xFE\xFF")) return true;
  const auto has_nul = [&](std::size_t at) { return start[at] == 0; };
  return start.size() >= 4 && has_nul(0) != has_nul(1) && has_nul(0) == has_nul(2) &&
         has_nul(1) == has_nul(3);
}

}   // namespace

Error error_of(const std::system_error& failure) {
  Error::Details details;
  details.what = failure.what();
  details.system_error = failure.code().value();
  return Error(ErrorCode::io_error, std::move(details));
}

Input::Input(const std::string& path)
    : name_(path == "-" ? "standard input" : path),
      fd_(path == "-" ? STDIN_FILENO : open(path.c_str(), O_RDONLY | O_CLOEXEC)) {
  struct stat status{};
  if (fd_ < 0 || fstat(fd_, &status) != 0) fail(errno, name_);
  if (S_ISREG(status.st_mode)) size_ = static_cast<std::uint64_t>(status.st_size);
}

Input::~Input() {
  if (fd_ != STDIN_FILENO) close(fd_);
}

bool Input::read_some(std::string& buffer) {
  return started_ ? read_piece(buffer) : read_start(buffer);
}

// Waits for no more than tells whether there is a mark.
bool Input::read_start(std::string& buffer) {
  started_ = true;
  std::string start;
  while (start.size() < kByteOrderMark.size() && kByteOrderMark.starts_with(start) && read_piece(start)) {
  }
  if (is_utf_16(start)) {
    throw UnreadableInput{
        Error(ErrorCode::invalid_argument,
              name_ + " is UTF-16 or UTF-32: convert it to UTF-8 first (iconv -f UTF-16 -t UTF-8)")};
  }
  if (start.starts_with(kByteOrderMark)) start.erase(0, kByteOrderMark.size());
  buffer += start;
  return !start.empty() || read_piece(buffer);
}

bool Input::read_piece(std::string& buffer) {
  if (!wait_for_input(fd_)) return false;
  const std::size_t before = buffer.size();
  buffer.resize(before + kPiece);
  ssize_t got = 0;
  do got = read(fd_, buffer.data() + before, kPiece);
  while (got < 0 && errno == EINTR && !interrupted());
  const int error = errno;
  buffer.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
  if (got < 0 && error != EINTR) fail(error, name_);
  position_ += buffer.size() - before;
  return got > 0;
}

std::optional<double> Input::fraction_read() const {
  if (size_ == 0) return {};
  return static_cast<double>(position_) / static_cast<double>(size_);
}

std::string read_all(const std::string& path, std::size_t max_size) {
  Input input(path);
  std::string text;
  while (input.read_some(text)) {
    if (text.size() > max_size) fail(EFBIG, path);
  }
  if (interrupted()) fail(EINTR, path);   // the text may be cut short
  return text;
}

bool LineReader::fill() {
  if (ended_) return false;
  buffer_.erase(0, start_);
  scanned_ -= start_;
  start_ = 0;
  ended_ = !input_.read_some(buffer_);
  if (interrupted()) return false;   // the last line may be cut short
  return !ended_ || !buffer_.empty() || too_long_;
}

std::optional<LineReader::Line> LineReader::next() {
  const std::size_t newline = buffer_.find('\n', scanned_);
  if (newline != std::string::npos) return take(newline - start_, newline + 1 - start_);
  const std::size_t length = buffer_.size() - start_;
  if (ended_ && (length != 0 || too_long_)) return take(length, length);
  if (length > max_line_) {
    too_long_ = true;
    start_ = buffer_.size();
  }
  scanned_ = buffer_.size();
  return {};
}

LineReader::Line LineReader::take(std::size_t length, std::size_t with_end) {
  std::string_view text = std::string_view(buffer_).substr(start_, length);
  const bool too_long = too_long_ || length > max_line_;
  start_ += with_end;
  scanned_ = start_;
  too_long_ = false;
  if (text.ends_with('\r')) text.remove_suffix(1);
  return {too_long ? std::string_view() : text, ++number_, too_long};
}

bool is_blank(std::string_view line) {
  return line.find_first_not_of(" \t\r") == std::string_view::npos;
}

Error line_too_long() {
  return Error(ErrorCode::invalid_argument,
               "this line is longer than " + std::to_string(kMaxLine) + " bytes");
}

namespace utf = boost::locale::utf;

std::optional<CodePoint> first_code_point(std::string_view text) {
  const char* next = text.data();
  const utf::code_point value = utf::utf_traits<char>::decode(next, text.data() + text.size());
  if (value == utf::illegal || value == utf::incomplete) return {};
  return CodePoint{value, static_cast<std::size_t>(next - text.data())};
}

}   // namespace usertags::command
