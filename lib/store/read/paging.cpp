#include "store/read/paging.hpp"

#include <algorithm>
#include <cstddef>
#include <string>

#include <xxhash.h>

#include "model/bytes.hpp"
#include "model/tag_rules.hpp"
#include "model/text.hpp"

namespace usertags::store {

namespace {

constexpr std::size_t kMaxPage = 10'000;

}   // namespace

std::optional<Error> bad_limit(std::size_t limit) {
  if (limit >= 1 && limit <= kMaxPage) return std::nullopt;
  return Error(ErrorCode::invalid_argument,
               "a page has a limit of 1 to 10,000, not " + std::to_string(limit));
}

namespace {

constexpr std::size_t kHeadBytes = 9;
constexpr std::size_t kCheckBytes = 8;
constexpr std::size_t kMaxPosition =
    std::max(model::kMaxKeyCodePoints, model::kMaxValueCodePoints) * model::kMaxUtf8BytesPerCodePoint;
constexpr std::size_t kMaxCharacters = (kHeadBytes + kMaxPosition + kCheckBytes + 2) / 3 * 4;

std::string pack(const CursorBinding& binding, std::string_view position) {
  std::string bytes;
  bytes += static_cast<char>(binding.kind);
  model::append_number(binding.query, bytes);
  bytes += position;
  const auto seed = model::load_number<std::uint64_t>(binding.store_id.data());
  model::append_number(std::uint64_t{XXH3_64bits_withSeed(bytes.data(), bytes.size(), seed)}, bytes);
  return bytes;
}

std::string_view bytes_of(const std::uint32_t& ordinal) noexcept {
  return {reinterpret_cast<const char*>(&ordinal), sizeof ordinal};
}

}   // namespace

std::uint64_t query_hash(std::initializer_list<std::string_view> parameters) {
  std::string bytes;
  for (const std::string_view parameter : parameters) {
    model::append_number(std::uint64_t{parameter.size()}, bytes);
    bytes += parameter;
  }
  return XXH3_64bits(bytes.data(), bytes.size());
}

Cursor encode_cursor(const CursorBinding& binding, std::string_view position) {
  return Cursor(model::to_base64url(pack(binding, position)));
}

Cursor encode_cursor(const CursorBinding& binding, std::uint32_t ordinal) {
  return encode_cursor(binding, bytes_of(ordinal));
}

// What it would be encoded to has to be the cursor to the letter.
std::optional<std::string> decode_text(const CursorBinding& binding, std::string_view cursor) {
  if (cursor.size() > kMaxCharacters) return std::nullopt;
  const std::optional<std::string> bytes = model::from_base64url(cursor);
  if (!bytes || bytes->size() < kHeadBytes + kCheckBytes) return std::nullopt;
  std::string position = bytes->substr(kHeadBytes, bytes->size() - kHeadBytes - kCheckBytes);
  if (encode_cursor(binding, position).text() != cursor) return std::nullopt;
  return position;
}

std::optional<std::uint32_t> decode_ordinal(const CursorBinding& binding, std::string_view cursor) {
  const std::optional<std::string> position = decode_text(binding, cursor);
  if (!position || position->size() != sizeof(std::uint32_t)) return std::nullopt;
  return model::load_number<std::uint32_t>(position->data());
}

}   // namespace usertags::store
