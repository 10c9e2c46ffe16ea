// The canonical JSON of the file, written and read: as the log and column user.tags have it
// (docs/file-format.md, "JSON").
//
// No white space; keys of an object of tags sorted bytewise, each once; text as raw UTF-8, with
// \" \\ \b \f \n \r \t, and \u00xx in lowercase hexadecimal for the other control characters below U+0020,
// and no other escape; NUL is in no text. SQLite's json_patch() compares labels as they are written, so
// another spelling of a key would be another key to it: whatever is not canonical is refused when read.
//
// foreign_tags.cpp reads more of JSON, and this nothing but what is canonical, as fast as loading asks.
#pragma once

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "model/bytes.hpp"
#include "model/text.hpp"

namespace usertags::model {

// The first character that cannot stand for itself in a JSON string; `end` where there is none.
inline const char* find_special(const char* at, const char* end) noexcept {
  constexpr std::uint8_t kFirstRaw = 0x20;   // what lies below is a control character, written with an escape
  while (end - at >= 8) {
    const Word word = load_word(at);
    const Word special = bytes_equal(word, '"') | bytes_equal(word, '\\') | bytes_below(word, kFirstRaw);
    if (special != 0) return at + first_byte(special);
    at += 8;
  }
  while (at != end && *at != '"' && *at != '\\' && static_cast<std::uint8_t>(*at) >= kFirstRaw) ++at;
  return at;
}

// --- Writing. Each appends to `out`, and throws std::bad_alloc. ---

void append_json_escape(char c, std::string& out);   // of a character that is special

inline void append_json_string(std::string_view text, std::string& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  out += '"';
  for (;;) {
    const char* const special = find_special(at, end);
    out.append(at, special);
    if (special == end) break;
    append_json_escape(*special, out);
    at = special + 1;
  }
  out += '"';
}

inline void append_json_number(std::uint64_t number, std::string& out) {
  char digits[20];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// An object with a member for each entry, in their order; value(entry) appends the text of one value.
template <class Entries, class AppendValue>
void append_json_object(const Entries& entries, std::string& out, AppendValue append_value) {
  out += '{';
  bool first = true;
  for (const auto& entry : entries) {
    if (!first) out += ',';
    first = false;
    append_json_string(entry.key, out);
    out += ':';
    append_value(entry);
  }
  out += '}';
}

// --- Reading. ---

// Walks a text from its beginning to its end. Each function takes what it names, or answers false (or none)
// and leaves the scanner where it is of no more use. Texts that it hands out point into the text given, or
// into `unescaped` where an escape was undone.
class JsonScanner {
 public:
  // `unescaped` is emptied, and to be left alone as long as what was handed out is used.
  JsonScanner(std::string_view json, std::string& unescaped)
      : at_(json.data()), end_(at_ + json.size()), size_(json.size()), unescaped_(unescaped) {
    unescaped_.clear();
  }

  bool literal(std::string_view expected) noexcept {
    if (!std::string_view(at_, end_).starts_with(expected)) return false;
    at_ += expected.size();
    return true;
  }

  bool finished() const noexcept { return at_ == end_; }

  bool string(std::string_view& out) {
    if (!literal("\"")) return false;
    const char* const begin = at_;
    at_ = find_special(at_, end_);
    if (at_ == end_) return false;
    if (*at_ != '"') return escaped_string(begin, out);
    out = {begin, at_};
    ++at_;
    return true;
  }

  // Without leading zeros, below 2^63.
  bool number(std::uint64_t& out) noexcept;

  // An object whose keys ascend; member(key) takes one value.
  template <class Member>
  bool object(Member member) {
    if (!literal("{")) return false;
    if (literal("}")) return true;
    std::string_view key;
    if (!string(key) || !literal(":") || !member(key)) return false;
    while (literal(",")) {
      const std::string_view previous = key;
      if (!string(key) || key <= previous || !literal(":") || !member(key)) return false;
    }
    return literal("}");
  }

  // The text of an object, whatever it has in it, up to the brace that closes it.
  bool object_text(std::string_view& out) noexcept;

 private:
  bool escaped_string(const char* begin, std::string_view& out);
  bool escape();
  bool pass_string() noexcept;
  char control_character() noexcept;

  const char* at_;
  const char* end_;
  std::size_t size_;
  std::string& unescaped_;
};

}   // namespace usertags::model
