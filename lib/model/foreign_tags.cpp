#include "model/foreign_tags.hpp"

#include <algorithm>
#include <cstdint>

namespace usertags::model {
namespace {

constexpr bool is_high_surrogate(std::uint32_t unit) noexcept {
  return unit >= 0xD800 && unit < 0xDC00;
}
constexpr bool is_low_surrogate(std::uint32_t unit) noexcept {
  return unit >= 0xDC00 && unit < 0xE000;
}

void append_utf8(std::uint32_t point, std::string& out) {
  const auto tail = [&](int shift) { out += static_cast<char>(0x80 | (point >> shift & 0x3F)); };
  if (point < 0x80) {
    out += static_cast<char>(point);
  } else if (point < 0x800) {
    out += static_cast<char>(0xC0 | point >> 6);
    tail(0);
  } else if (point < 0x10000) {
    out += static_cast<char>(0xE0 | point >> 12);
    tail(6);
    tail(0);
  } else {
    out += static_cast<char>(0xF0 | point >> 18);
    tail(12);
    tail(6);
    tail(0);
  }
}

// Each function takes what it names, or answers false (or none) and leaves the parser of no more use.
class Parser {
 public:
  explicit Parser(std::string_view json) noexcept : rest_(json) {}

  bool object(std::vector<ForeignTag>& tags) {
    skip_space();
    if (!take('{')) return false;
    skip_space();
    if (take('}')) return at_end();
    do {
      if (!member(tags.emplace_back())) return false;
    } while (take(','));
    return take('}') && at_end();
  }

 private:
  bool member(ForeignTag& tag) {
    skip_space();
    if (!string(tag.key)) return false;
    skip_space();
    if (!take(':')) return false;
    skip_space();
    if (!string(tag.value)) return false;
    skip_space();
    return true;
  }

  bool string(std::string& out) {
    if (!take('"')) return false;
    while (!take('"')) {
      if (rest_.empty() || static_cast<std::uint8_t>(rest_.front()) < 0x20) return false;
      if (take('\\')) {
        if (!escape(out)) return false;
      } else {
        out += next();
      }
    }
    return true;
  }

  bool escape(std::string& out) {
    if (rest_.empty()) return false;
    const char letter = next();
    switch (letter) {
      case '"':
      case '\\':
      case '/': out += letter; return true;
      case 'b': out += '\b'; return true;
      case 'f': out += '\f'; return true;
      case 'n': out += '\n'; return true;
      case 'r': out += '\r'; return true;
      case 't': out += '\t'; return true;
      case 'u': return code_point(out);
      default: return false;
    }
  }

  // Behind \u: one unit of UTF-16, or the two of a pair.
  bool code_point(std::string& out) {
    const auto unit = hex4();
    if (!unit) return false;
    std::uint32_t point = *unit;
    if (is_high_surrogate(*unit) && rest_.starts_with("\\u")) {
      const std::string_view behind = rest_;
      rest_.remove_prefix(2);
      const auto low = hex4();
      if (!low) return false;
      if (is_low_surrogate(*low))
        point = 0x10000 + ((*unit - 0xD800) << 10 | (*low - 0xDC00));
      else
        rest_ = behind;
    }
    append_utf8(point, out);
    return true;
  }

  std::optional<std::uint32_t> hex4() noexcept {
    if (rest_.size() < 4) return std::nullopt;
    std::uint32_t unit = 0;
    for (int digit = 0; digit < 4; ++digit) {
      const char c = next();
      const char lower = static_cast<char>(c | 0x20);
      if (c >= '0' && c <= '9')
        unit = unit << 4 | static_cast<std::uint32_t>(c - '0');
      else if (lower >= 'a' && lower <= 'f')
        unit = unit << 4 | static_cast<std::uint32_t>(lower - 'a' + 10);
      else
        return std::nullopt;
    }
    return unit;
  }

  bool take(char expected) noexcept {
    if (!rest_.starts_with(expected)) return false;
    rest_.remove_prefix(1);
    return true;
  }

  char next() noexcept {
    const char c = rest_.front();
    rest_.remove_prefix(1);
    return c;
  }

  void skip_space() noexcept {
    rest_.remove_prefix(std::min(rest_.find_first_not_of(" \t\n\r"), rest_.size()));
  }

  bool at_end() noexcept {
    skip_space();
    return rest_.empty();
  }

  std::string_view rest_;
};

}   // namespace

std::optional<std::vector<ForeignTag>> parse_foreign_tags(std::string_view json) {
  std::vector<ForeignTag> tags;
  if (!Parser(json).object(tags)) return std::nullopt;
  std::ranges::sort(tags);
  return tags;
}

}   // namespace usertags::model
