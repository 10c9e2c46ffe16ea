// Selector: which users are meant, by their tags. Parsed from text, or built:
//
//   using usertags::key, usertags::Selector;
//   auto typed = Selector::parse("tier in (gold,silver), !churned, seats > 10");
//   auto built = key("tier").in({"gold", "silver"}) && !key("churned").exists() &&
//                key("seats").greater_than(10);
//   assert(*typed == built);
//
// The language is that of Kubernetes label selectors, with patterns, any(), all(), not() and quotes added:
// docs/selectors.md.
//
// Selectors are values, and own all that they hold. Const use from many threads is safe. Making and changing
// one may throw std::bad_alloc, except for parse(). Two are equal when their canonical texts are: nested
// groups flattened, terms and values sorted, each once.
#pragma once

#include <concepts>
#include <cstdint>
#include <initializer_list>
#include <memory>
#include <optional>
#include <ranges>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/export.hpp>

namespace usertags {

namespace selector {
struct SelectorForm;
class SelectorAccess;
}   // namespace selector

// The value in quotes, as a selector's text may have it behind `=` and `!=`, and within `in` and `notin`:
// "tier=" + quote(input) matches exactly the value `input`. Without quote(), input may hold more terms. (In a
// pattern, `*` and `?` are wild within quotes, too.) A value that no tag can have, malformed or with NUL, makes
// a text that is refused. May throw std::bad_alloc.
USERTAGS_EXPORT std::string quote(std::string_view value);

// Which users are meant.
class USERTAGS_EXPORT Selector {
 public:
  Selector() noexcept = default;   // every user
  // Copying is cheap, and moving is copying: no selector turns into "every user" by being moved from.
  Selector(const Selector&) noexcept = default;
  Selector& operator=(const Selector&) noexcept = default;
  ~Selector() = default;

  // An empty text is every user. Errors: out_of_memory; invalid_selector: position() is the byte at which the
  // mistake was noticed, and the message says what was found and expected, and what may have been meant.
  [[nodiscard]] static Result<Selector> parse(std::string_view text) noexcept;

  // Canonical: parse(text()) == *this. Where error() is set, the text says why, and cannot be parsed.
  std::string text() const;

  // Why calls refuse this selector with invalid_selector; none where all is well. A parsed selector has none.
  // A built one has to keep the same bounds: 64 KiB of canonical text, groups nested 32 deep, 1,024 terms,
  // and keys that a tag can have. What is made of a refused selector is refused for the same reason.
  std::optional<Error> error() const;

  Selector operator&&(const Selector& other) const;   // users that both match
  Selector operator||(const Selector& other) const;   // users that one of them matches
  Selector operator!() const;                         // of every user: a selector that matches nobody
  bool operator==(const Selector& other) const;       // the same canonical text

 private:
  friend class selector::SelectorAccess;
  explicit Selector(std::shared_ptr<const selector::SelectorForm> form) noexcept : form_(std::move(form)) {}

  std::shared_ptr<const selector::SelectorForm> form_;   // none: every user
};

// A key on its way into a selector; key() makes it. Owns its text. Each call makes a selector, and may throw
// std::bad_alloc.
//
// A test matches users that have the key. The negative ones (not_in, !=, does_not_match) also match users
// that lack it.
class USERTAGS_EXPORT SelectorKey {
 public:
  // The selectors that it makes are refused where no tag can have the key.
  explicit SelectorKey(std::string_view key) : key_(key) {}

  Selector exists() const;   // with whatever value

  // At least one value, else the selector is refused. A value that no tag can have matches nobody.
  Selector in(std::initializer_list<std::string_view> values) const { return in_any_of(copied(values)); }
  Selector not_in(std::initializer_list<std::string_view> values) const { return !in(values); }
  template <std::ranges::input_range Range>
    requires std::convertible_to<std::ranges::range_reference_t<Range>, std::string_view>
  Selector in(const Range& values) const {
    return in_any_of(copied(values));
  }
  template <std::ranges::input_range Range>
    requires std::convertible_to<std::ranges::range_reference_t<Range>, std::string_view>
  Selector not_in(const Range& values) const {
    return !in(values);
  }
  // The one value; any other, or none.
  friend Selector operator==(const SelectorKey& key, std::string_view value) { return key.in({value}); }
  friend Selector operator!=(const SelectorKey& key, std::string_view value) { return key.not_in({value}); }

  // The whole value: `*` stands for any run of characters, `?` for any one. After a backslash, `*`, `?`, `"`
  // and the backslash stand for themselves.
  Selector matches(std::string_view pattern) const;
  Selector does_not_match(std::string_view pattern) const { return !matches(pattern); }

  // Values that are integers of 64 bits: a sign or none, then digits. Any other value never matches.
  Selector greater_than(std::int64_t bound) const;
  Selector less_than(std::int64_t bound) const;

 private:
  template <class Range>
  static std::vector<std::string> copied(const Range& values) {
    std::vector<std::string> copies;
    for (const std::string_view value : values) copies.emplace_back(value);
    return copies;
  }
  Selector in_any_of(std::vector<std::string> values) const;

  std::string key_;
};

// The beginning of a built selector: key("tier") == "gold".
inline SelectorKey key(std::string_view text) {
  return SelectorKey(text);
}

}   // namespace usertags
