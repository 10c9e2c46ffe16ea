#include "model/canonical_json.hpp"

#include <cassert>
#include <limits>

namespace usertags::model {
namespace {

// The letter of a two-character escape; NUL for characters that have none.
constexpr char short_escape(char c) noexcept {
  switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return '\0';
  }
}

constexpr char undo_short_escape(char letter) noexcept {
  switch (letter) {
    case '"': return '"';
    case '\\': return '\\';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return '\0';
  }
}

}   // namespace

std::string_view json_escape(char c, std::array<char, 6>& room) noexcept {
  assert(c != '\0');
  if (const char letter = short_escape(c); letter != '\0') {
    room = {'\\', letter};
    return {room.data(), 2};
  }
  const auto byte = static_cast<std::uint8_t>(c);
  room = {'\\', 'u', '0', '0', kHexDigits[byte >> 4], kHexDigits[byte & 15]};
  return {room.data(), room.size()};
}

// The rest of a string in which an escape (or what may not be there) was met.
bool JsonScanner::escaped_string(const char* begin, std::string_view& out) {
  unescaped_.reserve(size_);   // never again during this text: what has been handed out stays where it is
  const std::size_t start = unescaped_.size();
  for (;;) {
    unescaped_.append(begin, at_);
    if (literal("\"")) break;
    if (!literal("\\") || !escape()) return false;
    begin = at_;
    at_ = find_special(at_, end_);
  }
  out = std::string_view(unescaped_).substr(start);
  return true;
}

bool JsonScanner::escape() {
  if (at_ == end_) return false;
  const char letter = *at_++;
  const char c = letter == 'u' ? control_character() : undo_short_escape(letter);
  if (c == '\0') return false;
  unescaped_ += c;
  return true;
}

// The character of \u00xx; NUL for any that is not to be written so.
char JsonScanner::control_character() noexcept {
  if (!literal("00") || end_ - at_ < 2) return '\0';
  const std::size_t high = kHexDigits.find(*at_++);
  const std::size_t low = kHexDigits.find(*at_++);
  if (high > 1 || low == std::string_view::npos) return '\0';
  const auto c = static_cast<char>(high << 4 | low);
  return short_escape(c) == '\0' ? c : '\0';
}

bool JsonScanner::number(std::uint64_t& out) noexcept {
  if (at_ == end_ || *at_ < '0' || *at_ > '9') return false;
  const char* const begin = at_;
  const auto [after, error] = std::from_chars(at_, end_, out);
  at_ = after;
  const bool is_padded = *begin == '0' && after - begin > 1;
  return error == std::errc() && !is_padded && out <= std::numeric_limits<std::int64_t>::max();
}

// The texts in it are passed over, not judged: whoever reads the object does that.
bool JsonScanner::object_text(std::string_view& out) noexcept {
  const char* const begin = at_;
  if (at_ == end_ || *at_ != '{') return false;
  std::size_t depth = 0;
  while (at_ != end_) {
    const char c = *at_++;
    if (c == '"' && !pass_string()) return false;
    if (c == '{') ++depth;
    if (c != '}' || --depth != 0) continue;
    out = {begin, at_};
    return true;
  }
  return false;
}

// From behind its first quote.
bool JsonScanner::pass_string() noexcept {
  while (true) {
    at_ = find_special(at_, end_);
    if (at_ == end_) return false;
    const char c = *at_++;
    if (c == '"') return true;
    if (c != '\\' || at_ == end_) return false;
    ++at_;
  }
}

}   // namespace usertags::model
