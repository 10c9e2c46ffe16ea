#include "contenders.hpp"

namespace usertags::bench {

const std::vector<Entry>& entries() {
  static const std::vector<Entry> all = {
      {"usertags", make_usertags}, {"sqlite_rows", make_sqlite_rows}, {"sqlite_json", make_sqlite_json},
#ifdef USERTAGS_COMPARE_LMDB
      {"lmdb", make_lmdb},
#endif
#ifdef USERTAGS_COMPARE_ROCKSDB
      {"rocksdb", make_rocksdb},
#endif
#ifdef USERTAGS_COMPARE_REDIS
      {"redis", make_redis},
#endif
      {"limit", make_limit},
  };
  return all;
}

}   // namespace usertags::bench
