// A position as text: URL-safe base64 of
//   form, 1 byte | store id, 16 bytes | epoch, 8 bytes | revision, 8 bytes | check, 8 bytes   (little-endian)
// where `check` is XXH3-64 over what precedes: a mangled text does not start a feed somewhere.
#include <xxhash.h>

#include <algorithm>
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
constexpr std::size_t kBytes = 41;
constexpr std::size_t kCharacters = 55;

Error bad_position() {
  return {ErrorCode::invalid_argument, Error::Details{.what = "the text is no position",
                                                      .remedy = "give one that text() made, unchanged"}};
}

}   // namespace

std::string Position::text() const {
  std::string bytes(kStoreIdAt, kForm);
  bytes.append(store_id_.begin(), store_id_.end());
  model::append_number(epoch_, bytes);
  model::append_number(revision_, bytes);
  model::append_number(std::uint64_t{XXH3_64bits(bytes.data(), bytes.size())}, bytes);
  return model::to_base64url(bytes);
}

Result<Position> Position::parse(std::string_view text) noexcept {
  try {
    if (text.size() != kCharacters) return std::unexpected(bad_position());
    const std::optional<std::string> bytes = model::from_base64url(text);
    if (!bytes || bytes->size() != kBytes) return std::unexpected(bad_position());
    Position position;
    std::copy_n(bytes->data() + kStoreIdAt, position.store_id_.size(), position.store_id_.begin());
    position.epoch_ = model::load_number<std::uint64_t>(bytes->data() + kEpochAt);
    position.revision_ = model::load_number<std::uint64_t>(bytes->data() + kRevisionAt);
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
