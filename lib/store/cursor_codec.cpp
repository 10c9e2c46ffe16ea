#include "store/cursor_codec.hpp"

#include <xxhash.h>

#include <cstddef>
#include <cstring>
#include <string>

namespace usertags::store {
namespace {

constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
constexpr std::size_t kOrdinalAt = 9;
constexpr std::size_t kCheckAt = 13;
constexpr std::size_t kBytes = 21;
constexpr std::size_t kCharacters = kBytes / 3 * 4;
static_assert(kBytes % 3 == 0, "no padding");

using Bytes = std::array<std::uint8_t, kBytes>;

Bytes pack(const CursorBinding& binding, std::uint32_t ordinal) noexcept {
  Bytes bytes;
  bytes[0] = static_cast<std::uint8_t>(binding.kind);
  std::memcpy(bytes.data() + 1, &binding.query, sizeof binding.query);
  std::memcpy(bytes.data() + kOrdinalAt, &ordinal, sizeof ordinal);
  std::uint64_t seed;
  std::memcpy(&seed, binding.store_id.data(), sizeof seed);
  const std::uint64_t check = XXH3_64bits_withSeed(bytes.data(), kCheckAt, seed);
  std::memcpy(bytes.data() + kCheckAt, &check, sizeof check);
  return bytes;
}

}   // namespace

Cursor encode_cursor(const CursorBinding& binding, std::uint32_t ordinal) {
  const Bytes bytes = pack(binding, ordinal);
  std::string text;
  text.reserve(kCharacters);
  for (std::size_t i = 0; i < kBytes; i += 3) {
    const std::uint32_t group =
        std::uint32_t{bytes[i]} << 16 | std::uint32_t{bytes[i + 1]} << 8 | bytes[i + 2];
    for (int shift = 18; shift >= 0; shift -= 6) text += kAlphabet[group >> shift & 63U];
  }
  return Cursor(std::move(text));
}

std::optional<std::uint32_t> decode_cursor(const CursorBinding& binding, std::string_view text) noexcept {
  if (text.size() != kCharacters) return std::nullopt;
  Bytes bytes;
  for (std::size_t i = 0; i < kBytes; i += 3) {
    std::uint32_t group = 0;
    for (const char character : text.substr(i / 3 * 4, 4)) {
      const std::size_t digit = kAlphabet.find(character);
      if (digit == std::string_view::npos) return std::nullopt;
      group = group << 6 | static_cast<std::uint32_t>(digit);
    }
    bytes[i] = static_cast<std::uint8_t>(group >> 16);
    bytes[i + 1] = static_cast<std::uint8_t>(group >> 8);
    bytes[i + 2] = static_cast<std::uint8_t>(group);
  }
  std::uint32_t ordinal;
  std::memcpy(&ordinal, bytes.data() + kOrdinalAt, sizeof ordinal);
  return bytes == pack(binding, ordinal) ? std::optional(ordinal) : std::nullopt;
}

}   // namespace usertags::store
