#include "store/file/entropy.hpp"

#include <sys/random.h>

#include <cerrno>

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

}   // namespace usertags::store
