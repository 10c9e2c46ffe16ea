#include "store/file/entropy.hpp"

#include <sys/random.h>
#include <cerrno>
#include <limits>

#include "model/failure.hpp"

namespace usertags::store {

void fill_random(std::span<std::uint8_t> bytes) {
  std::size_t filled = 0;
  while (filled < bytes.size()) {
    const ssize_t got = getrandom(bytes.data() + filled, bytes.size() - filled, 0);
    if (got < 0 && errno != EINTR) model::fail(ErrorCode::io_error, "the kernel gave no random bytes");
    if (got > 0) filled += static_cast<std::size_t>(got);
  }
}

std::uint64_t Entropy::next() {
  if (used_ == words_.size()) {
    fill_random({reinterpret_cast<std::uint8_t*>(words_.data()), sizeof(words_)});
    used_ = 0;
  }
  return words_[used_++];
}

namespace {

constexpr std::uint64_t kMaxStep = std::uint64_t{1} << 32;
constexpr std::uint64_t kLastEpoch = std::numeric_limits<std::int64_t>::max();

}   // namespace

std::uint64_t next_epoch(std::uint64_t epoch, std::uint64_t random) noexcept {
  const std::uint64_t step = random % kMaxStep + 1;
  return epoch > kLastEpoch - step ? kLastEpoch : epoch + step;
}

}   // namespace usertags::store
