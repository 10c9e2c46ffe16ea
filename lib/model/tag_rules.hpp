// The rules of keys, values, external ids and notes, each judged alone (docs/semantics.md, "Things").
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/error.hpp>

#include "model/record.hpp"

namespace usertags::model {

inline constexpr std::size_t kMaxKeyCodePoints = 50;
inline constexpr std::size_t kMaxValueCodePoints = 200;
inline constexpr std::size_t kMaxExternalIdCodePoints = 255;
inline constexpr std::size_t kMaxNoteCodePoints = 200;
inline constexpr std::size_t kMaxUtf8BytesPerCodePoint = 4;

// The one place of these limits. What has less room does not compile: here, in the tables
// (sqlite/schema.cpp), and in the rows of a connection (sqlite/connection.cpp). Messages name them, and a
// test compares docs/semantics.md.
static_assert(kMaxKeyCodePoints * kMaxUtf8BytesPerCodePoint <= Record::kMaxKeyBytes);
static_assert(kMaxValueCodePoints * kMaxUtf8BytesPerCodePoint <= Record::kMaxValueBytes);
static_assert(kMaxExternalIdCodePoints * kMaxUtf8BytesPerCodePoint <= Record::kMaxExternalIdBytes);
static_assert(kMaxKeyCodePoints * kMaxUtf8BytesPerCodePoint < Violation::kMaxKeyBytes);

// A rule that a text breaks, and by what.
struct BrokenRule {
  Violation::Reason reason{};
  char character = '\0';    // of forbidden_character
  std::size_t number = 0;   // of a text that is too long its characters, else the byte at which it is noticed
};

// The rules that one text breaks, in the order of Violation::Reason.
using BrokenRules = boost::container::static_vector<BrokenRule, 3>;

// The numbers and the character of the rule, as a violation bears them.
void tell(const BrokenRule& rule, Violation& violation) noexcept;
// The rule as the rest of a sentence that begins with the text's name ("is empty").
std::string in_words(const BrokenRule& rule);

// A malformed text breaks malformed_utf8 alone, because its characters cannot be told.
BrokenRules check_key(std::string_view key) noexcept;
// What the key of a deletion has to be: well formed, without NUL, not empty. Older rules may have let it in.
BrokenRules check_key_to_erase(std::string_view key) noexcept;
BrokenRules check_value(std::string_view value) noexcept;

// What is wrong, as the rest of a sentence that begins with the thing's name ("is empty"); none where all is
// well.
std::optional<std::string> check_external_id(std::string_view external_id);
std::optional<std::string> check_note(std::string_view note);

}   // namespace usertags::model
