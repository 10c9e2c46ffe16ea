#include "output/json_out.hpp"

#include <fmt/format.h>
#include <iterator>

#include "input/input.hpp"

namespace usertags::command {

namespace {

void append_ascii(std::string& out, char byte) {
  switch (byte) {
    case '"': out += "\\\""; return;
    case '\\': out += "\\\\"; return;
    case '\n': out += "\\n"; return;
    case '\r': out += "\\r"; return;
    case '\t': out += "\\t"; return;
    default: break;
  }
  if (static_cast<unsigned char>(byte) >= 0x20) {
    out += byte;
  } else {
    fmt::format_to(std::back_inserter(out), "\\u{:04x}", static_cast<unsigned char>(byte));
  }
}

std::string word_of(OperationKind kind) {
  return std::string(to_string(kind));
}

bool is_ascii(char byte) {
  return static_cast<unsigned char>(byte) < 0x80;
}

void append_tag(std::string& out, const Tag& tag) {
  JsonObject object(out);
  object.text("key", tag.key);
  object.text("value", tag.value);
  object.close();
}

}   // namespace

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  while (!text.empty()) {
    std::size_t length = 1;
    if (is_ascii(text[0])) {
      append_ascii(out, text[0]);
    } else if (const auto point = first_code_point(text)) {
      length = point->length;
      out += text.substr(0, length);
    } else {
      out += "\xEF\xBF\xBD";
    }
    text.remove_prefix(length);
  }
  out += '"';
}

void JsonObject::text(std::string_view name, std::string_view value) {
  append_json_string(name_of(name), value);
}

void JsonObject::text_or_null(std::string_view name, const std::optional<std::string>& value) {
  if (value) {
    text(name, *value);
  } else {
    null(name);
  }
}

std::string& JsonObject::name_of(std::string_view name) {
  if (!first_) out_ += ',';
  first_ = false;
  return out_.append("\"").append(name).append("\":");
}

void append_json(std::string& out, const User& user) {
  JsonObject object(out);
  const UserId id = user.id();
  object.text("id", id);
  object.text("external_id", user.external_id());
  object.number("revision", user.revision());
  append_json_array(object.name_of("tags"), user.tags(), [&](const Tag& tag) { append_tag(out, tag); });
  object.close();
}

void append_json(std::string& out, const Applied& applied) {
  JsonObject object(out);
  if (applied.user) {
    append_json(object.name_of("data"), *applied.user);
  } else {
    object.null("data");
  }
  object.number("revision", applied.revision);
  object.flag("changed", applied.changed);
  object.flag("replayed", applied.replayed);
  object.close();
}

// What belongs to the whole batch has no operation, index or key.
void append_json(std::string& out, const Violation& violation) {
  const bool has_key = violation.subject != Violation::Subject::batch;
  JsonObject object(out);
  object.number_or_null("item", violation.item);
  object.text_or_null("operation", violation.operation.transform(word_of));
  object.number_or_null("index", violation.index);
  object.text("subject", to_string(violation.subject));
  object.text_or_null("key", has_key ? std::optional(violation.key) : std::nullopt);
  object.text("reason", to_string(violation.reason));
  object.text_or_null("current", violation.current);
  object.number_if("first_index", violation.first_index);
  if (violation.first_operation) object.text("first_operation", to_string(*violation.first_operation));
  object.number_if("limit", violation.limit);
  object.number_if("found", violation.found);
  object.number_if("position", violation.position);
  if (violation.character) object.text("character", {&*violation.character, 1});
  object.close();
}

void append_json(std::string& out, const Error& error, std::optional<std::uint64_t> line) {
  JsonObject object(out);
  object.text("code", to_string(error.code()));
  object.text("message", error.message());
  append_json_array(object.name_of("violations"), error.violations(),
                    [&](const Violation& violation) { append_json(out, violation); });
  object.number_if("line", line);
  object.number_if("item", error.item());
  if (!error.existing_id().empty()) object.text("existing_id", error.existing_id());
  object.number_if("current_revision", error.current_revision());
  object.number_if("intended_revision", error.intended_revision());
  object.number_if("floor", error.floor());
  object.number_if("current_version", error.current_version());
  object.number_if("holder_pid", error.holder_pid());
  object.number_if("position", error.position());
  object.number_if("system_error", error.system_error());
  object.close();
}

void append_json_answer(std::string& out, const Error& error, std::optional<std::uint64_t> line) {
  JsonObject object(out);
  append_json(object.name_of("error"), error, line);
  object.close();
}

}   // namespace usertags::command
