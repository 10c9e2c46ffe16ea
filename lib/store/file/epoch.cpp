#include "store/file/epoch.hpp"

#include <limits>

namespace usertags::store {
namespace {

constexpr std::uint64_t kMaxStep = std::uint64_t{1} << 32;
constexpr std::uint64_t kLastEpoch = std::numeric_limits<std::int64_t>::max();

}   // namespace

std::uint64_t next_epoch(std::uint64_t epoch, std::uint64_t random) noexcept {
  const std::uint64_t step = random % kMaxStep + 1;
  return epoch > kLastEpoch - step ? kLastEpoch : epoch + step;
}

}   // namespace usertags::store
