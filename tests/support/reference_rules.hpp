// The rules of texts, written a second time from docs/semantics.md for the reference model, simply, and
// without the engine's code.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/error.hpp>

namespace usertags::test {

// The code points of well-formed UTF-8; none where it is malformed.
std::optional<std::vector<char32_t>> decode_utf8(std::string_view text);

// The form of an id: "user_" and 26 lowercase characters of Crockford's base32, at most 128 bits.
bool has_form_of_id(std::string_view text);

// In the order of Violation::Reason.
std::vector<Violation::Reason> broken_rules_of_key(std::string_view key, OperationKind kind);
std::vector<Violation::Reason> broken_rules_of_value(std::string_view value);

// Limit, size, position and character, as far as the reason and the text that broke it have them.
void add_numbers(std::string_view text, Violation& violation);

// As much of a key as a violation tells: at most 256 bytes, cut where no character goes on.
std::string told_of(std::string_view key);

bool is_external_id(std::string_view text);
bool is_note(std::string_view text);

}   // namespace usertags::test
