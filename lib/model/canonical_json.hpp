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

#include <array>
#include <charconv>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <string>
#include <string_view>

#include "model/bytes.hpp"
#include "model/text.hpp"

namespace usertags::model {

// What lies below is a control character, written with an escape.
inline constexpr std::uint8_t kFirstRaw = 0x20;

// Characters that cannot stand for themselves in a JSON string (text.hpp).
constexpr Word special_bytes(Word word) noexcept {
  return bytes_equal(word, '"') | bytes_equal(word, '\\') | bytes_below(word, kFirstRaw);
}

// The first of them; `end` where there is none.
inline const char* find_special(const char* at, const char* end) noexcept {
  while (end - at >= 8) {
    const Word special = special_bytes(load_word(at));
    if (special != 0) return at + first_byte(special);
    at += 8;
  }
  while (at != end && *at != '"' && *at != '\\' && static_cast<std::uint8_t>(*at) >= kFirstRaw) ++at;
  return at;
}

// --- Writing. Each appends to `out`: a std::string, and throws std::bad_alloc then, or TextInPlace. ---

inline constexpr std::size_t kMaxNumberBytes = 20;

// Appends where there is room; std::string looks for it at every piece, and closes each with a NUL. Whoever makes
// one has room for all that comes, and for kSlack bytes behind it.
class TextInPlace {
 public:
  explicit TextInPlace(char* begin) noexcept : end_(begin) {}

  TextInPlace& operator+=(char c) noexcept {
    *end_++ = c;
    return *this;
  }
  TextInPlace& operator+=(std::string_view text) noexcept {
    std::memcpy(end_, text.data(), text.size());
    end_ += text.size();
    return *this;
  }
  char* end() const noexcept { return end_; }

  // Up to the first character that is special, where it answers that this stands; else all of it.
  const char* append_raw(const char* at, const char* end) noexcept {
    for (; end - at >= 8; at += 8, end_ += 8) {
      if (const Word special = put(load_word(at)); special != 0) return skip(first_byte(special), at);
    }
    const auto rest = static_cast<std::size_t>(end - at);
    const Word special = put(load_short_word(at, rest));
    return skip(special != 0 ? first_byte(special) : rest, at);
  }
  static constexpr std::size_t kSlack = sizeof(Word);

  void append_number(std::uint64_t number) noexcept {
    end_ = std::to_chars(end_, end_ + kMaxNumberBytes, number).ptr;
  }

 private:
  Word put(Word word) noexcept {
    store_number(word, end_);
    return special_bytes(word);
  }
  const char* skip(std::size_t bytes, const char* at) noexcept {
    end_ += bytes;
    return at + bytes;
  }

  char* end_;
};

inline const char* append_raw(const char* at, const char* end, TextInPlace& out) noexcept {
  return out.append_raw(at, end);
}
inline const char* append_raw(const char* at, const char* end, std::string& out) {
  const char* const special = find_special(at, end);
  out.append(at, special);
  return special;
}

// Of a character that is special; a view of `room`.
std::string_view json_escape(char c, std::array<char, 6>& room) noexcept;

template <class Out>
void append_json_string(std::string_view text, Out& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  out += '"';
  for (;;) {
    at = append_raw(at, end, out);
    if (at == end) break;
    std::array<char, 6> room;
    out += json_escape(*at++, room);
  }
  out += '"';
}

// The most bytes that append_json_string() makes of a text of so many.
constexpr std::size_t json_string_bound(std::size_t bytes) noexcept {
  return 6 * bytes + 2;
}

inline void append_json_number(std::uint64_t number, TextInPlace& out) noexcept {
  out.append_number(number);
}
inline void append_json_number(std::uint64_t number, std::string& out) {
  char digits[kMaxNumberBytes];
  out.append(digits, std::to_chars(digits, digits + sizeof digits, number).ptr);
}

// An object with a member for each entry, in their order; value(entry) appends the text of one value.
template <class Entries, class Out, class AppendValue>
void append_json_object(const Entries& entries, Out& out, AppendValue append_value) {
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
