#include "model/typeid.hpp"

#define XXH_INLINE_ALL   // external ids are short
#include <xxhash.h>

#include <algorithm>
#include <cassert>
#include <cstring>

#include "model/bytes.hpp"

namespace usertags::model {
namespace {

constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
constexpr std::size_t kSuffixChars = 26;
constexpr std::size_t kMaxPrefixChars = 63;
constexpr std::uint8_t kNoDigit = 0xFF;

constexpr std::array<std::uint8_t, 256> kDigits = [] {
  std::array<std::uint8_t, 256> digits{};
  digits.fill(kNoDigit);
  for (std::size_t i = 0; i < kAlphabet.size(); ++i) {
    digits[static_cast<std::uint8_t>(kAlphabet[i])] = static_cast<std::uint8_t>(i);
  }
  return digits;
}();

Uuid make_uuid(std::uint64_t high, std::uint64_t low) noexcept {
  Uuid uuid;
  store_big_endian(high, uuid.data());
  store_big_endian(low, uuid.data() + sizeof high);
  return uuid;
}

bool is_prefix(std::string_view text) noexcept {
  if (text.empty() || text.size() > kMaxPrefixChars) return false;
  if (text.front() == '_' || text.back() == '_') return false;
  return std::ranges::all_of(text, [](char c) { return c == '_' || ('a' <= c && c <= 'z'); });
}

// 26 digits of 5 bits hold 130: the first digit has two bits too many, which must be zero.
std::optional<Uuid> parse_suffix(std::string_view text) noexcept {
  if (text.size() != kSuffixChars || text.front() > '7') return std::nullopt;
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::uint8_t seen = 0;
  for (const char c : text) {
    const std::uint8_t digit = kDigits[static_cast<std::uint8_t>(c)];
    seen |= digit;
    high = high << 5 | low >> 59;
    low = low << 5 | (digit & 0x1F);
  }
  if (seen == kNoDigit) return std::nullopt;
  return make_uuid(high, low);
}

// Two digits at once.
constexpr std::array<std::array<char, 2>, 1024> kDigitPairs = [] {
  std::array<std::array<char, 2>, 1024> pairs{};
  for (std::size_t i = 0; i < pairs.size(); ++i) pairs[i] = {kAlphabet[i >> 5], kAlphabet[i & 0x1F]};
  return pairs;
}();

void write_digits(std::uint64_t bits, std::size_t pairs, char* end) noexcept {
  for (; pairs > 0; --pairs, bits >>= 10) {
    end -= 2;
    std::memcpy(end, kDigitPairs[bits & 0x3FF].data(), 2);
  }
}

void write_suffix(const Uuid& uuid, char* out) noexcept {
  const auto high = load_big_endian<std::uint64_t>(uuid.data());
  const auto low = load_big_endian<std::uint64_t>(uuid.data() + 8);
  write_digits(low, 6, out + 26);                     // 60 bits
  write_digits(low >> 60 | high << 4, 6, out + 14);   // 60 more
  write_digits(high >> 56, 1, out + 2);
}

// The first 64 bits of a UUIDv7: 48 bits of time, 4 of version, 12 that count within the millisecond.
constexpr std::uint64_t kMaxMs = (std::uint64_t{1} << 48) - 1;
constexpr std::uint64_t kVersionShift = 12;
constexpr std::uint64_t kVersion = 7;

constexpr std::uint64_t order_of(std::uint64_t ms, std::uint64_t counter) noexcept {
  return ms << 16 | kVersion << kVersionShift | counter;
}

// The least order of a UUIDv7 above `last`. Where the counter is used up (or `last` is of a later version),
// time moves on by one millisecond, and the counter starts anew.
std::uint64_t order_after(std::uint64_t last, std::uint64_t counter_start) noexcept {
  const std::uint64_t next = last + 1;
  const std::uint64_t ms = next >> 16;
  const std::uint64_t version = next >> kVersionShift & 0xF;
  if (version == kVersion) return next;
  if (version < kVersion) return order_of(ms, counter_start);
  return order_of(std::min(ms + 1, kMaxMs), counter_start);
}

}   // namespace

std::optional<TypeId> parse_typeid(std::string_view text) noexcept {
  TypeId id;
  const std::size_t separator = text.rfind('_');
  if (separator != std::string_view::npos) {
    id.prefix = text.substr(0, separator);
    text.remove_prefix(separator + 1);
    if (!is_prefix(id.prefix)) return std::nullopt;
  }
  const std::optional<Uuid> uuid = parse_suffix(text);
  if (!uuid) return std::nullopt;
  id.uuid = *uuid;
  return id;
}

std::string format_typeid(std::string_view prefix, const Uuid& uuid) {
  assert(prefix.empty() || is_prefix(prefix));
  std::string text(prefix);
  if (!prefix.empty()) text += '_';
  text.resize(text.size() + kSuffixChars);
  write_suffix(uuid, text.data() + text.size() - kSuffixChars);
  return text;
}

std::optional<Uuid> parse_user_id(std::string_view text) noexcept {
  if (text.size() != kUserIdBytes || !text.starts_with(kUserIdPrefix)) return std::nullopt;
  if (text[kUserIdPrefix.size()] != '_') return std::nullopt;
  return parse_suffix(text.substr(kUserIdPrefix.size() + 1));
}

void write_user_id(const Uuid& uuid, char* out) noexcept {
  out = std::ranges::copy(kUserIdPrefix, out).out;
  *out++ = '_';
  write_suffix(uuid, out);
}

std::uint16_t slot_of(std::string_view external_id) noexcept {
  return static_cast<std::uint16_t>(XXH3_64bits(external_id.data(), external_id.size()) % kSlots);
}

std::uint16_t slot_of(const Uuid& id) noexcept {
  return static_cast<std::uint16_t>(load_big_endian<std::uint64_t>(id.data() + 8) % kSlots);
}

Uuid next_user_uuid(const Uuid& last, std::int64_t now_ms, std::uint64_t random,
                    std::uint16_t slot) noexcept {
  assert(slot < kSlots);
  const std::uint64_t counter_start = random & 0x7FF;
  const auto ms = static_cast<std::uint64_t>(std::clamp<std::int64_t>(now_ms, 0, kMaxMs));
  const std::uint64_t last_order = uuid_order(last);
  const bool clock_moved = ms > last_order >> 16;
  const std::uint64_t order =
      clock_moved ? order_of(ms, counter_start) : order_after(last_order, counter_start);
  constexpr std::uint64_t kVariant = std::uint64_t{0b10} << 62;
  constexpr std::uint64_t kRandom = (std::uint64_t{1} << 62) - kSlots;
  return make_uuid(order, kVariant | (random & kRandom) | slot);
}

std::uint64_t uuid_order(const Uuid& uuid) noexcept {
  return load_big_endian<std::uint64_t>(uuid.data());
}

}   // namespace usertags::model
