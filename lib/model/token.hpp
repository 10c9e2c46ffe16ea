// Token: what the store remembers of a request that bore an idempotency token, so that it can answer the same
// request again as it did the first time (docs/semantics.md, "Idempotency tokens").
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace usertags::model {

inline constexpr std::size_t kMaxTokenBytes = 128;

// XXH3-128 of what makes two requests the same one (store/write/request_digest.hpp), in its canonical form.
using RequestDigest = std::array<std::uint8_t, 16>;

// A view: whoever makes one keeps the text for as long as it is used.
struct Token {
  std::uint64_t seq = 0;        // tokens are numbered 1, 2, 3 … in the order of their commits
  std::uint32_t ordinal = 0;    // the user whom the answer shows, as it is by then; 0: none
  std::uint64_t revision = 0;   // the first answer's
  bool changed = false;         // likewise
  std::int64_t lived_ms = 0;    // lived time of the store, from which its age counts; never runs backwards
  std::string_view text;        // the token, 1 to kMaxTokenBytes bytes
  RequestDigest request{};
};

// What a row keeps of itself: XXH3-64 over seq, ordinal, revision, changed, lived_ms and the length of the
// text (8 bytes each, little-endian), the text, and the digest of the request.
std::uint64_t token_checksum(const Token& token) noexcept;

}   // namespace usertags::model
