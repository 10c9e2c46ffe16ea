// A position as text: URL-safe base64 of
//   form, 1 byte | store id, 16 bytes | epoch, 8 bytes | revision, 8 bytes | check, 8 bytes   (little-endian)
// where `check` is XXH3-64 over what precedes: a mangled text does not start a feed somewhere.
#include <xxhash.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <new>

#include <usertags/change.hpp>

#include "model/bytes.hpp"
#include "model/text.hpp"

namespace usertags {
namespace {

constexpr char kForm = 1;
constexpr std::size_t kStoreIdAt = 1;
constexpr std::size_t kEpochAt = 17;
constexpr std::size_t kRevisionAt = 25;
constexpr std::size_t kCheckAt = 33;
constexpr std::size_t kBytes = 41;
static_assert(model::base64url_characters(kBytes) == PositionText::kCharacters);

Error bad_position() noexcept {
  try {
    return {ErrorCode::invalid_argument, Error::Details{.what = "the text is no position",
                                                        .remedy = "give one that text() made, unchanged"}};
  } catch (const std::bad_alloc&) {
    return ErrorCode::out_of_memory;
  }
}

}   // namespace

PositionText Position::text() const noexcept {
  std::array<char, kBytes> bytes{kForm};
  std::ranges::copy(store_id_, bytes.begin() + kStoreIdAt);
  model::store_number(epoch_, bytes.data() + kEpochAt);
  model::store_number(revision_, bytes.data() + kRevisionAt);
  model::store_number(std::uint64_t{XXH3_64bits(bytes.data(), kCheckAt)}, bytes.data() + kCheckAt);
  PositionText text;
  model::to_base64url({bytes.data(), bytes.size()}, text.characters_.data());
  return text;
}

Result<Position> Position::parse(std::string_view text) noexcept {
  std::array<char, kBytes> bytes{};
  if (text.size() != PositionText::kCharacters || !model::from_base64url(text, bytes.data())) {
    return std::unexpected(bad_position());
  }
  Position position;
  std::copy_n(bytes.data() + kStoreIdAt, position.store_id_.size(), position.store_id_.begin());
  position.epoch_ = model::load_number<std::uint64_t>(bytes.data() + kEpochAt);
  position.revision_ = model::load_number<std::uint64_t>(bytes.data() + kRevisionAt);
  if (position.text().view() != text) return std::unexpected(bad_position());
  return position;
}

Position Position::at(std::uint64_t revision) const noexcept {
  Position position = *this;
  position.revision_ = revision;
  return position;
}

}   // namespace usertags
