// Who takes part.
#pragma once

#include <memory>
#include <string_view>
#include <vector>

#include "contender.hpp"

namespace usertags::bench {

// Each opens what lies in the place, or begins anew. Where tags are kept without an index, it cannot count.
std::unique_ptr<Contender> make_usertags(const Place& place);   // always with its index
std::unique_ptr<Contender> make_sqlite_rows(const Place& place);
std::unique_ptr<Contender> make_sqlite_json(const Place& place);
std::unique_ptr<Contender> make_lmdb(const Place& place);
std::unique_ptr<Contender> make_rocksdb(const Place& place);
std::unique_ptr<Contender> make_redis(const Place& place);   // throws Skipped
std::unique_ptr<Contender> make_limit(const Place& place);

// Usertags again, with a host that submits its updates one by one.
std::unique_ptr<Contender> make_submitting(const Place& place);
std::unique_ptr<Contender> make_submitting_to_thread(const Place& place);

struct Entry {
  std::string_view name;
  std::unique_ptr<Contender> (*make)(const Place&);
};

// Those whose libraries were there when this was built, usertags first.
const std::vector<Entry>& entries();

}   // namespace usertags::bench
