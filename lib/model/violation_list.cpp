#include "model/violation_list.hpp"

#include <algorithm>
#include <cstdint>
#include <string_view>

#include "model/shown_text.hpp"

namespace usertags::model {
namespace {

using Reason = Violation::Reason;

constexpr std::size_t kMaxListed = 16;

// Where the reason alone does not say that it is the value that is wrong.
bool needs_subject(const Violation& violation) noexcept {
  switch (violation.reason) {
    case Reason::forbidden_character:
    case Reason::malformed_utf8:
    case Reason::contains_nul: return violation.subject == Violation::Subject::value;
    default: return false;
  }
}

// By what the rule is broken: "61 of 50 characters", "at byte 3", "\":\" at byte 3".
void append_numbers(const Violation& violation, std::string& out) {
  if (violation.found && violation.limit) {
    out += ": " + std::to_string(*violation.found) + " of " + std::to_string(*violation.limit);
    if (violation.subject != Violation::Subject::batch) out += " characters";
  }
  if (!violation.position) return;
  out += ": ";
  if (violation.character) out.append("\"").append(1, *violation.character).append("\" ");
  out += "at byte " + std::to_string(*violation.position);
}

void append_violation(const Violation& violation, std::string& out) {
  if (violation.item) out += "item " + std::to_string(*violation.item) + ": ";
  if (violation.operation) {
    out += to_string(*violation.operation);
    out += ' ';
    append_shown(violation.key, false, out);
    out += ": ";
  }
  out += to_string(violation.reason);
  if (needs_subject(violation)) out += " in the value";
  append_numbers(violation, out);
  if (violation.first_index) out += " (as operation " + std::to_string(*violation.first_index) + ")";
  if (violation.current) {
    out += " (now ";
    append_shown(*violation.current, true, out);
    out += ')';
  }
}

}   // namespace
}   // namespace usertags::model

std::string usertags::in_words(const Violation& violation) {
  std::string words;
  model::append_violation(violation, words);
  return words;
}

namespace usertags::model {

void append_violation_list(std::span<const Violation> violations, std::string& out) {
  out += std::to_string(violations.size());
  out += violations.size() == 1 ? " violation" : " violations";
  const std::size_t listed = std::min(violations.size(), kMaxListed);
  for (std::size_t i = 0; i < listed; ++i) {
    out += i == 0 ? ": " : "; ";
    append_violation(violations[i], out);
  }
  if (listed < violations.size()) out += "; and " + std::to_string(violations.size() - listed) + " more";
}

}   // namespace usertags::model
