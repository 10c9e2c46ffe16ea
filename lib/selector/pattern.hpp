// Pattern: what `~` compares a value with. `?` is any one character, `*` any run of them, also an empty one;
// everything else stands for itself, byte by byte. A character is a code point.
//
// Kept as the text of the literals, with the wildcards as two bytes that are in no UTF-8 text. Canonical: of
// wildcards that stand together, each `?` comes first and one `*` at most ends them, so that patterns which
// differ in that only are equal.
#pragma once

#include <compare>
#include <string>
#include <string_view>

namespace usertags::selector {

class Pattern {
 public:
  static constexpr char kAnyCharacter = '\xFE';
  static constexpr char kAnyRun = '\xFF';

  // Without items it matches the empty value. Literals are well-formed when all are appended. These throw
  // std::bad_alloc.
  void append_literal(std::string_view text) { items_ += text; }
  void append_any_character();
  void append_any_run();

  // Literal bytes, kAnyCharacter and kAnyRun.
  std::string_view items() const noexcept { return items_; }
  // What every value that matches begins with.
  std::string_view prefix() const noexcept;
  // Without wildcards: it matches its prefix, and nothing else.
  bool is_fixed() const noexcept { return prefix().size() == items_.size(); }

  // In at most as many steps as the square of the value's length, whatever the pattern; no memory.
  bool matches(std::string_view value) const noexcept;

  bool operator==(const Pattern&) const = default;
  auto operator<=>(const Pattern&) const = default;

 private:
  std::string items_;
};

}   // namespace usertags::selector
