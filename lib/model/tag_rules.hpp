// The rules of keys, values, external ids and notes, each judged alone (docs/semantics.md, "Things").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include <usertags/error.hpp>

namespace usertags::model {

inline constexpr std::size_t kMaxKeyCodePoints = 50;
inline constexpr std::size_t kMaxValueCodePoints = 200;
inline constexpr std::size_t kMaxExternalIdCodePoints = 255;
inline constexpr std::size_t kMaxNoteCodePoints = 200;
inline constexpr std::size_t kMaxUtf8BytesPerCodePoint = 4;

// The rules that one text breaks; at most three at once, in the order of Violation::Reason.
class BrokenRules {
 public:
  void add(Violation::Reason reason) noexcept { reasons_[count_++] = reason; }
  bool empty() const noexcept { return count_ == 0; }
  const Violation::Reason* begin() const noexcept { return reasons_.data(); }
  const Violation::Reason* end() const noexcept { return reasons_.data() + count_; }

 private:
  std::array<Violation::Reason, 4> reasons_{};
  std::size_t count_ = 0;
};

// A malformed text breaks malformed_utf8 alone, because its characters cannot be told.
BrokenRules check_key(std::string_view key) noexcept;
// What the key of a deletion has to be: well formed, without NUL, not empty. Older rules may have let it in.
BrokenRules check_key_to_erase(std::string_view key) noexcept;
BrokenRules check_value(std::string_view value) noexcept;

// What is wrong, as the rest of a sentence that begins with the thing's name ("is empty"); none where all is
// well.
std::optional<std::string> check_external_id(std::string_view external_id);
std::optional<std::string> check_note(std::string_view note);

}   // namespace usertags::model
