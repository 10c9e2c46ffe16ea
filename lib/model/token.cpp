#include "model/token.hpp"

#include <xxhash.h>

#include <bit>
#include <cassert>
#include <span>

#include "model/hash_image.hpp"

namespace usertags::model {

std::uint64_t token_checksum(const Token& token) noexcept {
  assert(token.text.size() <= kMaxTokenBytes);
  HashImage<6 * sizeof(std::uint64_t) + kMaxTokenBytes + sizeof(RequestDigest)> image;
  image.add(token.seq);
  image.add(token.ordinal);
  image.add(token.revision);
  image.add(std::uint64_t{token.changed});
  image.add(std::bit_cast<std::uint64_t>(token.lived_ms));
  image.add(token.text.size());
  image.add(std::span(reinterpret_cast<const std::uint8_t*>(token.text.data()), token.text.size()));
  image.add(token.request);
  return XXH3_64bits(image.bytes().data(), image.bytes().size());
}

}   // namespace usertags::model
