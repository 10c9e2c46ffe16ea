// Writing JSON: the objects that the command answers with. The output is valid UTF-8 whatever the text: a
// byte that belongs to no code point becomes U+FFFD.
#pragma once

#include <concepts>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/error.hpp>
#include <usertags/user.hpp>
#include <usertags/write.hpp>

namespace usertags::command {

void append_json_string(std::string& out, std::string_view text);

// Appends one object, member by member. Names are written as they are.
class JsonObject {
 public:
  explicit JsonObject(std::string& out) : out_(out) { out_ += '{'; }

  void text(std::string_view name, std::string_view value);
  void number(std::string_view name, std::integral auto value) { name_of(name) += std::to_string(value); }
  void flag(std::string_view name, bool value) { name_of(name) += value ? "true" : "false"; }
  void null(std::string_view name) { name_of(name) += "null"; }

  void text_or_null(std::string_view name, const std::optional<std::string>& value);
  template <std::integral Number>
  void number_or_null(std::string_view name, const std::optional<Number>& value) {
    value ? number(name, *value) : null(name);
  }
  // A member that is there only where its value is.
  template <std::integral Number>
  void number_if(std::string_view name, const std::optional<Number>& value) {
    if (value) number(name, *value);
  }

  // Begins a member, whose value is to be appended to what this returns.
  std::string& name_of(std::string_view name);

  void close() { out_ += '}'; }

 private:
  std::string& out_;
  bool first_ = true;
};

// Appends `[`, each element by append(element), and `]`.
template <class Range, class Append>
void append_json_array(std::string& out, const Range& range, Append&& append) {
  out += '[';
  bool first = true;
  for (const auto& element : range) {
    if (!first) out += ',';
    first = false;
    append(element);
  }
  out += ']';
}

// {"id","external_id","revision","tags":[{"key","value"}]}
void append_json(std::string& out, const User& user);

// {"data":USER or null,"revision","changed","replayed"}
void append_json(std::string& out, const Applied& applied);

// {"item","operation","index","subject","key","reason","current"}, and what else it has
void append_json(std::string& out, const Violation& violation);

// {"code","message","violations":[{"item","operation","index","subject","key","reason","current"}],…}, with
// whatever else the error names, and with the line of input where it answers one.
void append_json(std::string& out, const Error& error, std::optional<std::uint64_t> line = {});

// {"error":{…}}
void append_json_answer(std::string& out, const Error& error, std::optional<std::uint64_t> line = {});

}   // namespace usertags::command
