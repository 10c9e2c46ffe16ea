// A position as text: URL-safe base64 of
//   form, 1 byte | store id, 16 bytes | epoch, 8 bytes | revision, 8 bytes | check, 8 bytes   (little-endian)
// where `check` is XXH3-64 over what precedes: a mangled text does not start a feed somewhere.
#include <xxhash.h>

#include <bit>
#include <cstddef>
#include <cstring>
#include <new>

#include <usertags/change.hpp>

#include "model/text.hpp"

namespace usertags {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

constexpr char kForm = 1;
constexpr std::size_t kStoreIdAt = 1;
constexpr std::size_t kEpochAt = 17;
constexpr std::size_t kRevisionAt = 25;
constexpr std::size_t kCheckAt = 33;
constexpr std::size_t kBytes = 41;
constexpr std::size_t kCharacters = 55;

Error bad_position() {
  return {ErrorCode::invalid_argument, Error::Details{.what = "the text is no position",
                                                      .remedy = "give one that text() made, unchanged"}};
}

}   // namespace

std::string Position::text() const {
  std::string bytes(kBytes, kForm);
  std::memcpy(bytes.data() + kStoreIdAt, store_id_.data(), store_id_.size());
  std::memcpy(bytes.data() + kEpochAt, &epoch_, sizeof epoch_);
  std::memcpy(bytes.data() + kRevisionAt, &revision_, sizeof revision_);
  const std::uint64_t check = XXH3_64bits(bytes.data(), kCheckAt);
  std::memcpy(bytes.data() + kCheckAt, &check, sizeof check);
  return model::to_base64url(bytes);
}

Result<Position> Position::parse(std::string_view text) noexcept {
  try {
    if (text.size() != kCharacters) return std::unexpected(bad_position());
    const std::optional<std::string> bytes = model::from_base64url(text);
    if (!bytes || bytes->size() != kBytes) return std::unexpected(bad_position());
    Position position;
    std::memcpy(position.store_id_.data(), bytes->data() + kStoreIdAt, position.store_id_.size());
    std::memcpy(&position.epoch_, bytes->data() + kEpochAt, sizeof position.epoch_);
    std::memcpy(&position.revision_, bytes->data() + kRevisionAt, sizeof position.revision_);
    if (position.text() != text) return std::unexpected(bad_position());
    return position;
  } catch (const std::bad_alloc&) {
    return std::unexpected(Error(ErrorCode::out_of_memory));
  }
}

Position Position::at(std::uint64_t revision) const noexcept {
  Position position = *this;
  position.revision_ = revision;
  return position;
}

}   // namespace usertags
