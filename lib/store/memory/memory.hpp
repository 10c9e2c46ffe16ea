// Memory: what a store holds in memory, shared by whoever writes, reads and follows.
#pragma once

#include <cstdint>

#include "index/projection.hpp"
#include "index/token_index.hpp"
#include "store/memory/memory_budget.hpp"
#include "store/memory/publish_signal.hpp"
#include "store/memory/shard.hpp"

namespace usertags::store {

struct Memory {
  explicit Memory(std::uint64_t budget_bytes) : budget(budget_bytes, projection, tokens) {}

  index::Projection projection;
  index::TokenIndex tokens;
  const MemoryBudget budget;
  Shard shard{};             // set before the store is loaded
  PublishSignal published;   // notified when the projection shows something new, or the store was closed
};

}   // namespace usertags::store
