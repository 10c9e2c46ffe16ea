// UserId: the text of a user's id, in place: "user_" and 26 characters.
//
//   const usertags::UserId id = store.find("user_ext_123")->id();
//   use("id", id);                                 // wherever a std::string_view is asked for
//   save(store.find("user_ext_123")->id());        // of a temporary only a std::string can be had
//
// A value: it owns its text, and outlives users and the store. What it hands out is part of it, so a
// temporary hands out nothing: give it a name first.
#pragma once

#include <array>
#include <compare>
#include <cstddef>
#include <string>
#include <string_view>

namespace usertags {

namespace model {
class Record;
}   // namespace model

// The id of a user, which never becomes another user's.
class UserId {
 public:
  static constexpr std::size_t kCharacters = 31;   // of every id

  UserId() noexcept = default;   // of no user: the empty text

  // The text, which lives as long as this value.
  std::string_view view() const& noexcept { return text(); }
  std::string_view view() const&& = delete;
  operator std::string_view() const& noexcept { return text(); }
  operator std::string_view() const&& = delete;
  // The text, of a temporary, too.
  operator std::string() const { return std::string(text()); }

  // Ids ascend in the order of creation.
  friend bool operator==(const UserId&, const UserId&) = default;
  friend auto operator<=>(const UserId&, const UserId&) = default;
  friend bool operator==(const UserId& left, std::string_view right) noexcept { return left.text() == right; }
  friend auto operator<=>(const UserId& left, std::string_view right) noexcept {
    return left.text() <=> right;
  }

 private:
  friend class model::Record;

  std::string_view text() const noexcept {
    return {characters_.data(), characters_.front() == 0 ? 0 : characters_.size()};
  }

  std::array<char, kCharacters> characters_{};
};

}   // namespace usertags
