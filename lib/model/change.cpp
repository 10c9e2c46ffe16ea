#include "model/change.hpp"

#define XXH_INLINE_ALL   // short inputs: calling the library would cost as much as hashing them
#include <xxhash.h>

#include <bit>

namespace usertags::model {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are hashed as they lie in memory");

class Hash {
 public:
  Hash() noexcept { XXH3_64bits_reset(&state_); }

  void add(std::uint64_t number) noexcept { XXH3_64bits_update(&state_, &number, sizeof number); }
  void add(ChangeKind kind) noexcept { XXH3_64bits_update(&state_, &kind, sizeof kind); }
  void add(std::string_view text) noexcept {
    add(std::uint64_t{text.size()});
    XXH3_64bits_update(&state_, text.data(), text.size());
  }

  std::uint64_t value() const noexcept { return XXH3_64bits_digest(&state_); }

 private:
  XXH3_state_t state_;
};

}   // namespace

std::uint64_t chain_checksum(std::uint64_t previous, const Change& change) noexcept {
  Hash hash;
  hash.add(previous);
  hash.add(change.revision);
  hash.add(std::uint64_t{change.ordinal});
  hash.add(change.remaining);
  hash.add(std::bit_cast<std::uint64_t>(change.at_ms));
  hash.add(std::bit_cast<std::uint64_t>(change.lived_ms));
  hash.add(change.kind);
  hash.add(change.patch);
  hash.add(change.note);
  return hash.value();
}

}   // namespace usertags::model
