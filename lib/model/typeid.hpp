// TypeID (github.com/jetify-com/typeid, spec v0.3.0): a prefix, '_', and a UUID in 26 characters of lowercase
// Crockford base32. The store's ids have the prefix "user" and a UUIDv7 (RFC 9562, section 5.7).
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace usertags::model {

using Uuid = std::array<std::uint8_t, 16>;   // network byte order: compares as the text compares

struct TypeId {
  std::string_view prefix;   // may be empty
  Uuid uuid{};
};

std::optional<TypeId> parse_typeid(std::string_view text) noexcept;
std::string format_typeid(std::string_view prefix, const Uuid& uuid);

// --- The store's own ids. ---

inline constexpr std::string_view kUserIdPrefix = "user";
inline constexpr std::size_t kUserIdBytes = 31;   // "user_" and 26 characters

std::optional<Uuid> parse_user_id(std::string_view text) noexcept;
void write_user_id(const Uuid& uuid, char* out) noexcept;   // kUserIdBytes characters, no terminator

// The next id after `last` (all zero: none yet): a UUIDv7 of `now_ms`, strictly greater than `last` also
// where the clock stood still or stepped back, and with its first 64 bits (time, version and the 12 bits that
// count within a millisecond, RFC 9562, section 6.2, method 1) strictly greater, so that these alone order
// ids. The low 14 bits are `slot`; `random` fills the remaining 48, and its low 11 bits start the counter of a
// new millisecond, so that ids are hard to guess and at least 2,048 still fit in; when these are used up, time
// moves on ahead of the clock. `now_ms` is cut to what 48 bits hold. Where no greater id is left, which takes a
// `last` of the year 10889, the result is not greater than `last`.
Uuid next_user_uuid(const Uuid& last, std::int64_t now_ms, std::uint64_t random, std::uint16_t slot) noexcept;

// The slot of a user: XXH3-64 of the external id, modulo kSlots. By it users may be spread over many stores;
// an id bears that of its user, so that the id alone tells where the user is.
inline constexpr unsigned kSlotBits = 14;
inline constexpr std::uint16_t kSlots = 1 << kSlotBits;
std::uint16_t slot_of(std::string_view external_id) noexcept;
std::uint16_t slot_of(const Uuid& id) noexcept;

// The first 64 bits as a number: the key by which ids are ordered and found.
std::uint64_t uuid_order(const Uuid& uuid) noexcept;

}   // namespace usertags::model
