// The characters of the selector language: what its words are made of, and what needs quotes.
#pragma once

#include <cstddef>
#include <string_view>

namespace usertags::model {

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

}   // namespace usertags::model
