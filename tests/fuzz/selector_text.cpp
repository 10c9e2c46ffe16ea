// Selectors as text: the canonical text parses to the same selector, whom it matches is what its words say,
// and a mistake is told at its place.
#include <usertags/selector.hpp>

#include "fuzz/messages.hpp"
#include "fuzz/targets.hpp"
#include "support/checked_store.hpp"

namespace usertags::fuzz {
namespace {

test::CheckedStore& store() {
  static test::CheckedStore store = [] {
    test::CheckedStore made{Options()};
    const char* const values[] = {"",        "gold", "silver", "x", "1", "-5", "007", "9223372036854775807",
                                  "g\"*\\?", "ä"};
    int number = 0;
    for (const char* const value : values) {
      const std::string name = std::to_string(number);
      made.create_user("u" + name, {{"tier", value}, {"n", name}});
      made.create_user("v" + name, {{"a", value}, {number % 2 == 0 ? "b" : "in", "x"}, {"größe", name}});
      ++number;
    }
    made.create_user("bare");
    return made;
  }();
  return store;
}

void examine(std::string_view input) {
  const auto parsed = Selector::parse(input);
  if (!parsed) return expect_refusal(parsed.error(), ErrorCode::invalid_selector, input.size());
  const std::string text = parsed->text();
  const auto again = Selector::parse(text);
  test::expect(again && *again == *parsed && again->text() == text, "the canonical text", text,
               again ? again->text() : again.error().message());
  test::expect(!parsed->error(), "a parsed selector", "no error", text);
  store().count(*parsed);
  store().count(!*parsed);
}

}   // namespace

const Target selector_text{.name = "selector_text",
                           .what = "a selector's canonical text parses to it, and it matches whom it says",
                           .examine = examine};

}   // namespace usertags::fuzz
