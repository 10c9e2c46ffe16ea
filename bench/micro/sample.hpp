// What the micro-benchmarks work on: users of ../workload.hpp, made before any time is taken.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "../workload.hpp"
#include "model/record.hpp"

namespace usertags::bench {

// Tags with the texts that they point into.
struct SampleTags {
  explicit SampleTags(std::uint64_t user) {
    for (std::size_t k = 0; k < kKeys.size(); ++k) values.push_back(first_value(user, k));
    for (std::size_t k = 0; k < kKeys.size(); ++k) tags.push_back({kKeys[k].key, values[k]});
  }

  std::vector<std::string> values;
  std::vector<Tag> tags;
};

inline model::RecordPtr sample_record(std::uint64_t user) {
  const SampleTags sample(user);
  return model::Record::make(static_cast<std::uint32_t>(user + 1), 1, {}, external_id(user), sample.tags);
}

}   // namespace usertags::bench
