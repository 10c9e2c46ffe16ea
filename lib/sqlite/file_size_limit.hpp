// The process's limit on the size of files (RLIMIT_FSIZE: ulimit -f, LimitFSIZE=). Whoever writes beyond it
// is sent SIGXFSZ, which ends a process that has not said otherwise. A library cannot say otherwise for its
// host: it does not write there, and answers EFBIG itself.
#pragma once

#include <cstdint>

namespace usertags::sqlite {

bool exceeds_file_size_limit(std::uint64_t offset, std::uint64_t bytes) noexcept;

}   // namespace usertags::sqlite
