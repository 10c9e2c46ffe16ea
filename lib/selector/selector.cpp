#include <new>

#include <usertags/selector.hpp>

#include "selector/node.hpp"
#include "selector/parser.hpp"
#include "selector/text.hpp"

namespace usertags {

namespace {

using selector::NodePtr;
using selector::SelectorAccess;
using selector::SelectorForm;

Selector refused(std::string what) {
  return SelectorAccess::refused(Error(ErrorCode::invalid_selector, std::move(what)));
}

const std::optional<Error>& refusal(const Selector& selector) {
  return SelectorAccess::form(selector).error;
}

// What `make` makes of both trees; what is wrong with the first that is refused.
template <class Make>
Selector joined(const Selector& left, const Selector& right, Make make) {
  if (refusal(left)) return left;
  if (refusal(right)) return right;
  return SelectorAccess::selector(make({SelectorAccess::form(left).node, SelectorAccess::form(right).node}));
}

}   // namespace

namespace selector {

Result<NodePtr> SelectorAccess::node(const Selector& selector) {
  const SelectorForm& held = form(selector);
  if (held.error) return std::unexpected(*held.error);
  return held.node;
}

Selector SelectorAccess::selector(NodePtr node) {
  SelectorText written = write_selector(*node);
  if (auto broken = check_selector_bounds(written)) return usertags::refused(std::move(*broken));
  return Selector(
      std::make_shared<const SelectorForm>(SelectorForm{std::move(node), std::move(written.text), {}}));
}

Selector SelectorAccess::refused(Error error) {
  std::string text = "(" + error.message() + ")";
  return Selector(std::make_shared<const SelectorForm>(
      SelectorForm{make_every_user(), std::move(text), std::move(error)}));
}

const SelectorForm& SelectorAccess::form(const Selector& selector) {
  static const SelectorForm every_user{make_every_user(), {}, {}};
  return selector.form_ ? *selector.form_ : every_user;
}

}   // namespace selector

Result<Selector> Selector::parse(std::string_view text) noexcept {
  try {
    auto node = selector::parse_selector(text);
    if (!node) return std::unexpected(std::move(node.error()));
    Selector selector = SelectorAccess::selector(std::move(*node));
    // What was read is within the bounds, and its canonical text can only be a little longer.
    if (refusal(selector))
      return std::unexpected(
          selector::explain(text.size(), selector::selector_too_long(selector.text().size())));
    return selector;
  } catch (const std::bad_alloc&) {
    return std::unexpected(ErrorCode::out_of_memory);
  }
}

std::string Selector::text() const {
  return SelectorAccess::form(*this).text;
}

std::optional<Error> Selector::error() const {
  return refusal(*this);
}

Selector Selector::operator&&(const Selector& other) const {
  return joined(*this, other, selector::make_all);
}

Selector Selector::operator||(const Selector& other) const {
  return joined(*this, other, selector::make_any);
}

Selector Selector::operator!() const {
  if (refusal(*this)) return *this;
  return SelectorAccess::selector(selector::make_negation(SelectorAccess::form(*this).node));
}

bool Selector::operator==(const Selector& other) const {
  return SelectorAccess::form(*this).text == SelectorAccess::form(other).text;
}

std::string quote(std::string_view value) {
  std::string text;
  selector::append_quoted(value, text);
  return text;
}

// --- SelectorKey ---

namespace {

// The test that `make` makes, unless something is wrong with its key or its operand.
template <class Make>
Selector test(const std::string& key, std::optional<std::string> broken_operand, Make make) {
  if (auto broken = selector::check_selector_key(key)) return refused(std::move(*broken));
  if (broken_operand) return refused(std::move(*broken_operand));
  return SelectorAccess::selector(make());
}

std::optional<std::string> check_values(const std::vector<std::string>& values) {
  if (values.empty()) return "there is no value to compare with; the empty value is written \"\"";
  for (const std::string& value : values) {
    if (auto broken = selector::check_selector_text("value", value)) return broken;
  }
  return std::nullopt;
}

}   // namespace

Selector SelectorKey::exists() const {
  return test(key_, {}, [&] { return selector::make_exists(key_); });
}

Selector SelectorKey::in_any_of(std::vector<std::string> values) const {
  return test(key_, check_values(values), [&] { return selector::make_in(key_, std::move(values)); });
}

Selector SelectorKey::matches(std::string_view pattern) const {
  auto broken = selector::check_selector_text("pattern", pattern);
  auto parsed = selector::parse_pattern(pattern);
  if (!broken && !parsed) broken = selector::pattern_escapes_nothing();
  return test(key_, std::move(broken), [&] { return selector::make_matches(key_, std::move(*parsed)); });
}

Selector SelectorKey::greater_than(std::int64_t bound) const {
  return test(key_, {}, [&] { return selector::make_greater(key_, bound); });
}

Selector SelectorKey::less_than(std::int64_t bound) const {
  return test(key_, {}, [&] { return selector::make_less(key_, bound); });
}

}   // namespace usertags
