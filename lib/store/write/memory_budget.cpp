#include "store/write/memory_budget.hpp"

#include <string>

#include "model/failure.hpp"

namespace usertags::store {
namespace {

// Slot, place in the order of creation, and bit in the set of all users; and a place in the set of each tag.
constexpr std::int64_t kBytesOfAUser = 28;
constexpr std::int64_t kBytesOfATag = 8;

std::int64_t bytes_of(const model::Record& record) noexcept {
  if (record.is_tombstone()) return 0;
  return static_cast<std::int64_t>(record.memory_bytes()) + kBytesOfAUser +
         kBytesOfATag * static_cast<std::int64_t>(record.tag_count());
}

}   // namespace

std::int64_t MemoryBudget::room() const {
  if (bytes_ == 0) return kUnlimited;
  const index::Projection::Counters counters = projection_.counters();
  const std::uint64_t taken =
      counters.record_bytes + counters.directory_bytes + counters.tag_index_bytes + tokens_.heap_bytes();
  return static_cast<std::int64_t>(bytes_) - static_cast<std::int64_t>(taken);
}

void MemoryBudget::require_room() const {
  if (room() < 0) throw model::Failure{exceeded()};
}

std::int64_t MemoryBudget::growth(const model::Record* before, const model::Record& after) noexcept {
  return bytes_of(after) - (before == nullptr ? 0 : bytes_of(*before));
}

Error MemoryBudget::exceeded() const {
  return {ErrorCode::memory_budget_exceeded,
          Error::Details{.what = "the data would take more than the " + std::to_string(bytes_) +
                                 " bytes of Options::memory_budget",
                         .remedy = "delete users or tags, or give the store more"}};
}

}   // namespace usertags::store
