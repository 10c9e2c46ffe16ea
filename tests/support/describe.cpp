#include "support/describe.hpp"

#include <cstddef>
#include <optional>
#include <variant>

namespace usertags::test {
namespace {

constexpr std::size_t kLongRun = 8;

std::string character(char c) {
  constexpr std::string_view kHex = "0123456789abcdef";
  const auto byte = static_cast<unsigned char>(c);
  if (byte >= 0x20 && byte < 0x7F) return {c};
  return {'\\', 'x', kHex[byte >> 4], kHex[byte & 0xF]};
}

template <class T>
std::string field(std::string_view name, const std::optional<T>& value) {
  if (!value) return {};
  return " " + std::string(name) + "=" + std::to_string(*value);
}

std::string field(std::string_view name, const std::optional<std::string>& value) {
  return value ? " " + std::string(name) + "=" + in_quotes(*value) : std::string();
}

std::string field(std::string_view name, const std::optional<OperationKind>& kind) {
  return kind ? " " + std::string(name) + "=" + std::string(to_string(*kind)) : std::string();
}

template <class Violations>
std::string each_of(const Violations& violations) {
  std::string text;
  for (const Violation& violation : violations) text += "\n    " + describe(violation);
  return text;
}

template <class Tags>
std::string in_braces(const Tags& tags) {
  std::string text = "{";
  for (const auto& [key, value] : tags) {
    if (text.size() > 1) text += ", ";
    text += in_quotes(key) + ": " + in_quotes(value);
  }
  return text + "}";
}

std::string user_text(std::string_view external_id, std::uint64_t revision, const std::string& tags) {
  return in_quotes(external_id) + " at " + std::to_string(revision) + " " + tags;
}

}   // namespace

std::string in_quotes(std::string_view text) {
  std::string out = "\"";
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t run = std::min(text.find_first_not_of(text[at], at), text.size()) - at;
    out += character(text[at]);
    if (run >= kLongRun) out += "{" + std::to_string(run) + "}";
    at += run >= kLongRun ? run : 1;
  }
  return out + "\"";
}

std::string describe(const Violation& violation) {
  return std::string(to_string(violation.reason)) + " of " + std::string(to_string(violation.subject)) +
         field("item", violation.item) + field("index", violation.index) +
         field("operation", violation.operation) + " key=" + in_quotes(violation.key) +
         field("current", violation.current) + field("first_index", violation.first_index) +
         field("first_operation", violation.first_operation) + field("limit", violation.limit) +
         field("found", violation.found) + field("position", violation.position) +
         (violation.character ? std::string(" character=") + *violation.character : std::string());
}

std::string describe(const Operation& operation) {
  std::string text = std::string(to_string(operation.kind)) + " " + in_quotes(operation.key);
  if (operation.kind != OperationKind::erase) text += " " + in_quotes(operation.value);
  if (operation.must_exist) text += " must_exist";
  return text + field("expected", operation.expected_value);
}

std::string describe(const TagBatch& batch) {
  std::string text = "[";
  for (const Operation& operation : batch.operations()) {
    if (text.size() > 1) text += "; ";
    text += describe(operation);
  }
  return text + "]";
}

std::string describe(const TagList& tags) {
  return in_braces(tags);
}

std::string describe(const ApplyOptions& options) {
  return field("expected_revision", options.expected_revision) +
         (options.token.empty() ? std::string() : " token=" + in_quotes(options.token)) +
         (options.note.empty() ? std::string() : " note=" + in_quotes(options.note));
}

std::string describe(const Write& write) {
  if (const auto* create = std::get_if<CreateUser>(&write)) {
    return "create_user " + in_quotes(create->external_id) + " " + describe(create->tags) +
           describe(create->options);
  }
  if (const auto* patch = std::get_if<PatchUser>(&write)) {
    return "apply to " + in_quotes(patch->user) + " " + describe(patch->batch) + describe(patch->options);
  }
  if (const auto* ensure = std::get_if<EnsureUser>(&write)) {
    return "ensure_user " + in_quotes(ensure->external_id) + " " + describe(ensure->tags_if_created) +
           describe(ensure->options);
  }
  const auto& deletion = std::get<DeleteUser>(write);
  return "delete_user " + in_quotes(deletion.user) + describe(deletion.options);
}

std::string describe(const User& user) {
  return std::string(user.id()) + " " +
         user_text(user.external_id(), user.revision(), in_braces(user.tags()));
}

std::string describe(const ReferenceUser& user) {
  return "user number " + std::to_string(user.ordinal) + " " +
         user_text(user.external_id, user.revision, in_braces(user.tags));
}

std::string describe(const Verdict& verdict) {
  if (verdict.error) {
    return std::string(to_string(*verdict.error)) + field("item", verdict.item) +
           field("holder", verdict.existing) + field("current_revision", verdict.current_revision) +
           each_of(verdict.violations);
  }
  return "revision " + std::to_string(verdict.revision) + (verdict.changed ? " changed " : " unchanged ") +
         (verdict.replayed ? "replayed " : "") + (verdict.user ? describe(*verdict.user) : "no user");
}

std::string describe(const Result<Applied>& answer) {
  if (!answer) {
    const Error& error = answer.error();
    return std::string(to_string(error.code())) + " (" + error.message() + ")" +
           field("current_revision", error.current_revision()) + each_of(error.violations());
  }
  return "revision " + std::to_string(answer->revision) + (answer->changed ? " changed " : " unchanged ") +
         (answer->replayed ? "replayed " : "") + (answer->user ? describe(*answer->user) : "no user");
}

}   // namespace usertags::test
