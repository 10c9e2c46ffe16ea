#include "output/text.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>

#include "input/input.hpp"

namespace usertags::command {

namespace {

bool between(char32_t value, char32_t first, char32_t last) {
  return first <= value && value <= last;
}

// What a terminal obeys, or what makes text look like other text.
bool is_hidden(char32_t value) {
  return value < 0x20 || between(value, 0x7F, 0x9F) || value == 0xAD || value == 0x61C ||
         between(value, 0x200B, 0x200F) || between(value, 0x2028, 0x202E) || between(value, 0x2060, 0x206F) ||
         value == 0xFEFF;
}

void append_escape(std::string& out, char32_t value) {
  switch (value) {
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    case '\\': out += "\\\\"; return;
    default: break;
  }
  const auto number = static_cast<std::uint32_t>(value);
  out += number < 0x80 ? fmt::format("\\x{:02x}", number) : fmt::format("\\u{:04x}", number);
}

// With the code points escaped of which is_escaped() is true.
template <class Predicate>
std::string escaped(std::string_view text, Predicate is_escaped) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) {
    const auto point = first_code_point(text);
    const std::size_t length = point ? point->length : 1;
    if (!point) {
      out += fmt::format("\\x{:02x}", static_cast<unsigned char>(text[0]));
    } else if (is_escaped(point->value)) {
      append_escape(out, point->value);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length);
  }
  return out;
}

}   // namespace

std::string printable(std::string_view text) {
  return escaped(text, [](char32_t value) { return is_hidden(value) || value == '\\'; });
}

std::string printable_message(std::string_view text) {
  return escaped(text, is_hidden);
}

std::string printable_on_page(std::string_view text) {
  return escaped(text, [](char32_t value) { return is_hidden(value) && value != 0x200C && value != 0x200D; });
}

std::string printable_word(std::string_view text) {
  std::string word = printable(text);
  if (!word.empty() && word.find_first_of(" =,\"") == std::string::npos) return word;
  for (std::size_t quote = 0; (quote = word.find('"', quote)) != std::string::npos; quote += 2) {
    word.insert(quote, 1, '\\');
  }
  return '"' + word + '"';
}

std::size_t width(std::string_view printable_text) {
  return static_cast<std::size_t>(std::ranges::count_if(
      printable_text, [](char byte) { return (static_cast<unsigned char>(byte) & 0xC0) != 0x80; }));
}

std::string clipped(std::string_view printable_text, std::size_t columns) {
  if (width(printable_text) <= columns) return std::string(printable_text);
  std::string_view rest = printable_text;
  for (std::size_t column = 1; column < columns; ++column) {
    rest.remove_prefix(first_code_point(rest).value_or(CodePoint{0, 1}).length);
  }
  return std::string(printable_text.substr(0, printable_text.size() - rest.size())) + "…";
}

std::string grouped(std::uint64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t left = digits.size(); left > 3;) {
    left -= 3;
    digits.insert(left, 1, ',');
  }
  return digits;
}

std::string byte_size(std::uint64_t bytes) {
  static constexpr std::array kUnits = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
  if (bytes < 1024) return fmt::format("{} B", bytes);
  double amount = static_cast<double>(bytes) / 1024;
  std::size_t unit = 0;
  for (; amount >= 1023.95 && unit + 1 < kUnits.size(); ++unit) amount /= 1024;
  return fmt::format("{:.1f} {}", amount, kUnits[unit]);
}

std::string counted(std::uint64_t number, std::string_view singular) {
  return fmt::format("{} {}{}", grouped(number), singular, number == 1 ? "" : "s");
}

}   // namespace usertags::command
