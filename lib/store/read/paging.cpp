#include "store/read/paging.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <string>
#include <utility>

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

// `out` has room for packed_bytes(position).
constexpr std::size_t packed_bytes(std::string_view position) noexcept {
  return kHeadBytes + position.size() + kCheckBytes;
}
void pack(const CursorBinding& binding, std::string_view position, char* out) noexcept {
  out[0] = static_cast<char>(binding.kind);
  model::store_number(binding.query, out + 1);
  std::ranges::copy(position, out + kHeadBytes);
  const std::size_t checked = kHeadBytes + position.size();
  const auto seed = model::load_number<std::uint64_t>(binding.store_id.data());
  model::store_number(std::uint64_t{XXH3_64bits_withSeed(out, checked, seed)}, out + checked);
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
  std::string bytes(packed_bytes(position), '\0');
  pack(binding, position, bytes.data());
  return Cursor(model::to_base64url(bytes));
}

Cursor encode_cursor(const CursorBinding& binding, std::uint32_t ordinal) {
  return encode_cursor(binding, bytes_of(ordinal));
}

Cursor encode_cursor(const CursorBinding& binding, std::uint32_t ordinal, std::string&& room) noexcept {
  std::array<char, packed_bytes({nullptr, sizeof ordinal})> bytes;
  pack(binding, bytes_of(ordinal), bytes.data());
  model::to_base64url({bytes.data(), bytes.size()}, room.data());
  return Cursor(std::move(room));
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

Error bad_cursor() {
  return {ErrorCode::invalid_cursor, "the cursor is not of this store and question"};
}

Result<std::uint32_t> ordinal_before(const PageRequest& request, const CursorBinding& binding) {
  if (auto error = bad_limit(request.limit)) return std::unexpected(*std::move(error));
  if (!request.after) return 0;
  const std::optional<std::uint32_t> ordinal = decode_ordinal(binding, request.after->text());
  if (!ordinal) return std::unexpected(bad_cursor());
  return *ordinal;
}

UserPage page_of(std::vector<model::RecordPtr> records, bool more, std::uint64_t revision,
                 const CursorBinding& binding) {
  UserPage page;
  page.revision = revision;
  if (more) page.next = encode_cursor(binding, records.back()->ordinal());
  page.users.reserve(records.size());
  for (model::RecordPtr& record : records) page.users.push_back(model::UserAccess::user(std::move(record)));
  return page;
}

}   // namespace usertags::store
