// UserRef: which user is meant, by id or by external id. Any string converts to one.
//
//   auto found = store.find("user_ext_123");                                   // an id or an external id
//   if (!found) return report(found.error());
//   auto same = store.find(usertags::UserRef::external_id("user_ext_123"));   // an external id only
//   if (!same) return report(same.error());
#pragma once

#include <concepts>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>

#include <usertags/export.hpp>

namespace usertags {

// A view: it does not own the text, which must live until the call that takes the reference returns. Making
// one checks nothing and never fails.
//
// A string that has the form of an id (the TypeID prefix "user_" and 26 characters) is an id; any other is an
// external id. External ids of that form are refused at creation, so no string names two users. A text that
// can name no user (empty, too long, malformed) names none: calls answer user_not_found.
class UserRef {
 public:
  // What the text is. any: the form of the text tells.
  enum class Kind : std::uint8_t { any, id, external_id };

  // Any string; its form tells what it is.
  template <class Text>
    requires std::convertible_to<const Text&, std::string_view> &&
             (!std::same_as<std::remove_cvref_t<Text>, UserRef>)
  UserRef(const Text& text) : text_(text) {}
  UserRef(const std::string& text USERTAGS_LIFETIMEBOUND) noexcept : text_(text) {}
  UserRef(std::nullptr_t) = delete;

  // The text is an id, or an external id, whatever its form.
  static UserRef id(std::string_view text) noexcept { return {text, Kind::id}; }
  static UserRef external_id(std::string_view text) noexcept { return {text, Kind::external_id}; }

  // As it was made.
  std::string_view text() const noexcept { return text_; }
  Kind kind() const noexcept { return kind_; }

 private:
  UserRef(std::string_view text, Kind kind) noexcept : text_(text), kind_(kind) {}

  std::string_view text_;
  Kind kind_ = Kind::any;
};

}   // namespace usertags
