#include "sqlite/file_size_limit.hpp"

#include <sys/resource.h>

namespace usertags::sqlite {

bool exceeds_file_size_limit(std::uint64_t offset, std::uint64_t bytes) noexcept {
  struct rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  return offset + bytes > limit.rlim_cur;
}

}   // namespace usertags::sqlite
