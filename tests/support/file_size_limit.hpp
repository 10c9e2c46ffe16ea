// FileSizeLimit: no file of this process grows beyond so many bytes, for as long as it lives.
#pragma once

#include <sys/resource.h>

namespace usertags::test {

// SIGXFSZ, which the system sends to who writes more, is left as it is: it would end the process.
class FileSizeLimit {
 public:
  explicit FileSizeLimit(rlim_t bytes) {
    getrlimit(RLIMIT_FSIZE, &before_);
    const rlimit limit{bytes, before_.rlim_max};
    setrlimit(RLIMIT_FSIZE, &limit);
  }
  FileSizeLimit(const FileSizeLimit&) = delete;
  FileSizeLimit& operator=(const FileSizeLimit&) = delete;
  ~FileSizeLimit() { setrlimit(RLIMIT_FSIZE, &before_); }

 private:
  rlimit before_{};
};

}   // namespace usertags::test
