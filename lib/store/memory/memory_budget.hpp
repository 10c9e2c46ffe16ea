// MemoryBudget: how much memory the data may take (Options::memory_budget). What is counted is what stats()
// accounts for: records, look-ups, tag index, tokens.
//
// Whether a group fits is measured, not estimated: when all that it needs is prepared, and nothing is written
// yet, what it leads to is known to the byte. Where it does not fit, the group is judged again, with an
// allowance for what its writes may take; the estimate of a single write (growth()) decides only which of
// them are refused. A write that only removes needs no allowance.
//
// What was accepted opens again: no structure takes more when it is loaded than it took when it grew to the
// same content, but for the leaves of SortedBlocks, which are filled to three quarters when they are loaded
// and may be full when they have grown. That is under a 64th of the whole, and opening allows it.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string_view>

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
  bool is_limited() const noexcept { return bytes_ != 0; }
  // What is left; negative where more is taken than may be.
  std::int64_t room() const noexcept;
  // What a write may take, where there is no group yet.
  std::int64_t allowance() const noexcept {
    return is_limited() ? std::max<std::int64_t>(room(), 0) : kUnlimited;
  }

  // What was loaded, or will be once a reader has published: throws Failure (memory_budget_exceeded) where it
  // is more than may be, and grew.
  void require_room(std::int64_t growth = 1) const;

  // What a user's transition from version to version will take at least; `before` is null where the user
  // comes.
  static std::int64_t growth(const model::Record* before, const model::Record& after) noexcept;
  // What a token will take, without its place in a table.
  static std::int64_t growth(std::string_view token) noexcept;
  static std::int64_t growth(const model::Record* before, const model::Record& after,
                             std::string_view token) noexcept {
    return growth(before, after) + growth(token);
  }

  Error exceeded() const;

 private:
  const std::uint64_t bytes_;
  const index::Projection& projection_;
  const index::TokenIndex& tokens_;
};

// The search for the greatest allowance with which a group fits: first what is left, then, where that leads
// to more than may be, between what was too much and what fits.
class AllowanceSearch {
 public:
  // With it, nothing is accepted but what only removes.
  static constexpr std::int64_t kOnlyRemovals = std::numeric_limits<std::int64_t>::min();

  explicit AllowanceSearch(std::int64_t room) noexcept
      : room_(std::max<std::int64_t>(room, 0)), allowance_(room_) {}

  std::int64_t allowance() const noexcept { return allowance_; }
  // It settles at this allowance, whatever comes of it.
  bool is_last_resort() const noexcept { return allowance_ == kOnlyRemovals; }
  // What the group came to with the allowance: its growth by the estimate, and by how much it exceeds the
  // budget. True: it stays at that; false: it is to be judged again, with the next allowance.
  bool settles(std::int64_t growth, std::int64_t excess) noexcept;

 private:
  static constexpr std::int64_t kNear = 64;
  static constexpr int kMaxTries = 16;

  std::int64_t next(std::int64_t excess) noexcept;

  std::int64_t room_;
  std::int64_t allowance_;
  std::int64_t fits_ = kOnlyRemovals;
  std::int64_t exceeds_ = MemoryBudget::kUnlimited;
  int tries_ = 0;
  bool is_last_ = false;
};

}   // namespace usertags::store
