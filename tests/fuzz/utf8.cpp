// UTF-8: the scanners agree with a decoder that was written down a second time, and what is shown of any
// bytes is text of one line.
#include "fuzz/messages.hpp"
#include "fuzz/targets.hpp"
#include "input/input.hpp"
#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"
#include "model/text.hpp"

namespace usertags::fuzz {
namespace {

using Reasons = std::vector<Violation::Reason>;

Reasons reasons_of(const model::BrokenRules& broken) {
  Reasons reasons;
  for (const model::BrokenRule& rule : broken) reasons.push_back(rule.reason);
  return reasons;
}

// The longest beginning that the decoder takes: at most four bytes are tried, from each character's first.
std::size_t well_formed_beginning(std::string_view text) {
  std::size_t at = 0;
  while (at < text.size()) {
    std::size_t length = 1;
    while (length <= 4 && !test::decode_utf8(text.substr(at, length))) ++length;
    if (length > 4) break;
    at += length;
  }
  return at;
}

void expect_scanned(std::string_view input) {
  const auto characters = test::decode_utf8(input);
  const model::Utf8Scan scan = model::scan_utf8(input);
  expect_flag("well_formed", characters.has_value(), scan.well_formed);
  if (characters) test::expect_number("code_points", characters->size(), scan.code_points);
  if (characters) expect_flag("contains_nul", input.contains('\0'), scan.contains_nul);
  test::expect_number("well_formed_bytes", std::min(well_formed_beginning(input), input.size()),
                      model::well_formed_bytes(input));
}

void expect_steps(std::string_view input) {
  for (std::string_view rest = input; !rest.empty();) {
    const std::size_t length = model::character_bytes(rest);
    const std::size_t well_formed = model::well_formed_character_bytes(rest);
    const auto code_point = command::first_code_point(rest);
    test::expect_number("first_code_point", well_formed, code_point ? code_point->length : 0);
    test::expect(length != 0 && length <= rest.size(), "character_bytes", "within the text",
                 std::to_string(length));
    if (well_formed != 0) {
      const auto characters = test::decode_utf8(rest.substr(0, well_formed));
      test::expect(characters && characters->size() == 1 && (*characters)[0] == code_point->value,
                   "a character", "one", test::in_quotes(rest.substr(0, well_formed)));
    }
    rest.remove_prefix(length);
  }
}

void expect_rules(std::string_view input) {
  test::expect(reasons_of(model::check_key(input)) == test::broken_rules_of_key(input, OperationKind::set),
               "check_key", "the reference's", test::in_quotes(input));
  test::expect(
      reasons_of(model::check_key_to_erase(input)) == test::broken_rules_of_key(input, OperationKind::erase),
      "check_key_to_erase", "the reference's", test::in_quotes(input));
  test::expect(reasons_of(model::check_value(input)) == test::broken_rules_of_value(input), "check_value",
               "the reference's", test::in_quotes(input));
  expect_flag("check_external_id", test::is_external_id(input), !model::check_external_id(input));
  expect_flag("check_note", test::is_note(input), !model::check_note(input));
}

void expect_shown(std::string_view input) {
  const auto expect_line = [](const std::string& line) {
    test::expect(test::decode_utf8(line) && !line.contains('\n') && !line.contains('\x1b'),
                 "a text that is shown", "one line of UTF-8", test::in_quotes(line));
  };
  std::string shown;
  model::append_shown(input, true, shown);
  expect_line(shown);
  expect_line(model::quoted(input));
  expect_line(model::one_line(std::string(input)));
  for (const std::size_t bytes : {0U, 1U, 7U, 80U})
    test::expect(
        input.starts_with(model::beginning(input, bytes)) && model::beginning(input, bytes).size() <= bytes,
        "beginning", "a beginning", std::to_string(bytes));
}

void examine(std::string_view input) {
  expect_scanned(input);
  expect_steps(input);
  expect_rules(input);
  expect_shown(input);
}

}   // namespace

const Target utf8{.name = "utf8",
                  .what = "scanners and rules agree with the reference, and any bytes are shown as a line",
                  .examine = examine};

}   // namespace usertags::fuzz
