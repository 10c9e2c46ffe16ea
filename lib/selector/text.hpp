// Selectors as text: the canonical text of a tree, the characters of the language, and the bounds that
// selectors keep, whether they are parsed or built.
//
//   a term      key   !key   key=value   key!=value   key in (v,w)   key notin (v,w)   key~pattern
//               key!~pattern   key>1   key<1
//   a group     any(…)   all(…)   not(…); the terms of the outermost `all` stand without it
//   a text      as it is where it is a word, else in quotes; a pattern without its escapes where it can be
//
// One space before and after `in` and `notin`, and no other white space. Equal trees have equal texts, and a
// text parses to the tree that it was made from.
#pragma once

#include <cstddef>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "selector/node.hpp"
#include "selector/pattern.hpp"

namespace usertags::selector {

struct SelectorText {
  std::string text;
  std::size_t depth = 0;   // of groups within one another
  std::size_t terms = 0;   // groups not counted
};

// Recursion as deep as the tree. Throws std::bad_alloc.
SelectorText write_selector(const Node& selector);

// A key or a value in quotes, whether it needs them or not.
void append_quoted(std::string_view text, std::string& out);

// The text of a pattern, without quotes around it: `*`, `?`, and an escape of each of * ? \ " by a backslash.
// Of well-formed UTF-8. Where a backslash escapes nothing, its position. Throws std::bad_alloc.
std::expected<Pattern, std::size_t> parse_pattern(std::string_view text);

// --- The characters of the language: what its words are made of, and what needs quotes. ---

// What may follow a backslash in a pattern; in other quoted texts only the last two.
inline constexpr std::string_view kPatternEscapes = "*?\\\"";
inline constexpr std::string_view kTextEscapes = "\\\"";

// What people take for a quote: no word begins with it, so that 'gold' is refused and not another value.
inline constexpr char kNoQuote = '\'';

constexpr bool is_selector_space(char c) noexcept {
  return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}
// The text from its first character on that is no white space.
std::string_view without_space(std::string_view text) noexcept;

// Texts are well-formed UTF-8. Words are made of any characters but white space, control characters and
// , ( ) = ! < > ~ " \ * ? # / :
std::size_t word_bytes(std::string_view text) noexcept;   // of the word at its beginning; zero: there is none
inline bool is_word(std::string_view text) noexcept {
  return !text.empty() && text.front() != kNoQuote && word_bytes(text) == text.size();
}

// Of a pattern without quotes at its beginning: words, wildcards and escapes.
std::size_t pattern_bytes(std::string_view text) noexcept;

// --- Bounds: together they bound what one call can ask for. ---

// Of the text given, and of the canonical one.
inline constexpr std::size_t kMaxSelectorBytes = std::size_t{64} << 10;
inline constexpr std::size_t kMaxSelectorDepth = 32;     // groups (any, all, not) within one another
inline constexpr std::size_t kMaxSelectorTerms = 1024;   // terms that name a key; groups do not count

// What is wrong, as a sentence; none where all is well. They throw std::bad_alloc.
std::optional<std::string> check_selector_key(std::string_view key);
std::optional<std::string> check_selector_text(std::string_view what, std::string_view text);
std::optional<std::string> check_selector_bounds(const SelectorText& written);

std::string selector_too_long(std::size_t found);
std::string selector_too_deep();
std::string selector_of_too_many_terms();
std::string pattern_escapes_nothing();
std::string text_escapes_nothing();

}   // namespace usertags::selector
