// MemoryBudget: how much memory the data may take (Options::memory_budget), and how much of that is left.
// What is counted is what stats() accounts for: records, look-ups, tag index, tokens. Any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>

#include <usertags/error.hpp>

#include "index/projection.hpp"
#include "index/token_index.hpp"
#include "model/record.hpp"

namespace usertags::store {

class MemoryBudget {
 public:
  // 0 bytes: as much as there is.
  MemoryBudget(std::uint64_t bytes, const index::Projection& projection, const index::TokenIndex& tokens)
      : bytes_(bytes), projection_(projection), tokens_(tokens) {}

  static constexpr std::int64_t kUnlimited = std::numeric_limits<std::int64_t>::max();
  std::int64_t room() const;   // negative where more is taken than may be

  // Throws Failure (memory_budget_exceeded) where there is none.
  void require_room() const;

  // What a user's step from version to version will take, about: the record and its share of look-up and tag
  // index. Null: the user comes. What a group really took is known when the next one is judged.
  static std::int64_t growth(const model::Record* before, const model::Record& after) noexcept;

  Error exceeded() const;

 private:
  const std::uint64_t bytes_;
  const index::Projection& projection_;
  const index::TokenIndex& tokens_;
};

}   // namespace usertags::store
