#include "line_reader.hpp"

#include "signals.hpp"

namespace usertags::command {

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

}   // namespace usertags::command
