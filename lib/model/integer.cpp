#include "model/integer.hpp"

#include <charconv>
#include <system_error>

namespace usertags::model {

std::optional<std::int64_t> parse_integer(std::string_view text) noexcept {
  // from_chars takes a minus, and no plus.
  if (text.starts_with('+')) {
    text.remove_prefix(1);
    if (text.starts_with('-')) return std::nullopt;
  }
  std::int64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped_at, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc() || stopped_at != end) return std::nullopt;
  return number;
}

}   // namespace usertags::model
