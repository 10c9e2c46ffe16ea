#include "store/memory/memory_budget.hpp"

#include <algorithm>
#include <string>
#include <utility>

#include "model/failure.hpp"

namespace usertags::store {

namespace {

std::int64_t bytes_of(const model::Record* record) noexcept {
  const bool counts = record != nullptr && !record->is_tombstone();
  return counts ? static_cast<std::int64_t>(record->memory_bytes()) : 0;
}

// What is loaded may take so much more than what has grown.
std::uint64_t with_tolerance(std::uint64_t bytes) noexcept {
  const std::uint64_t tolerance = bytes / 64;
  return bytes > std::numeric_limits<std::uint64_t>::max() - tolerance ? bytes : bytes + tolerance;
}

std::int64_t difference(std::uint64_t left, std::uint64_t right) noexcept {
  const std::uint64_t distance = left > right ? left - right : right - left;
  const auto bounded =
      static_cast<std::int64_t>(std::min<std::uint64_t>(distance, std::numeric_limits<std::int64_t>::max()));
  return left > right ? bounded : -bounded;
}

std::uint64_t taken(const index::Projection& projection, const index::TokenIndex& tokens) noexcept {
  return projection.counters().bytes() + tokens.heap_bytes();
}

}   // namespace

std::int64_t MemoryBudget::room() const noexcept {
  return is_limited() ? difference(bytes_, taken(projection_, tokens_)) : kUnlimited;
}

void MemoryBudget::require_room(std::int64_t growth) const {
  if (!is_limited() || growth <= 0) return;
  if (growth - 1 > difference(with_tolerance(bytes_), taken(projection_, tokens_)))
    throw model::Failure{exceeded()};
}

std::int64_t MemoryBudget::growth(const model::Record* before, const model::Record& after) noexcept {
  return bytes_of(&after) - bytes_of(before);
}

std::int64_t MemoryBudget::growth(std::string_view token) noexcept {
  return token.empty() ? 0 : static_cast<std::int64_t>(index::KeptToken::memory_bytes(token.size()));
}

Error MemoryBudget::exceeded() const {
  return {ErrorCode::memory_budget_exceeded,
          Error::Details{.what = "the data would take more than the " + std::to_string(bytes_) +
                                 " bytes of Options::memory_budget",
                         .remedy = "delete users or tags, or give the store more"}};
}

bool AllowanceSearch::settles(std::int64_t growth, std::int64_t excess) noexcept {
  const bool fits = excess <= 0;
  if (is_last_resort() || (fits && (tries_ == 0 || is_last_))) return true;
  if (fits)
    fits_ = allowance_;
  else
    exceeds_ = std::min(growth, allowance_);
  ++tries_;
  const std::int64_t before = std::exchange(allowance_, next(excess));
  return fits && before == allowance_;
}

std::int64_t AllowanceSearch::next(std::int64_t excess) noexcept {
  if (is_last_ || exceeds_ < 0) return kOnlyRemovals;
  const std::int64_t low = std::max<std::int64_t>(fits_, 0);
  is_last_ = exceeds_ - low <= kNear || tries_ >= kMaxTries;
  if (is_last_) return low;
  if (tries_ > 1) return low + (exceeds_ - low) / 2;
  const auto room =
      static_cast<double>(room_);   // as large a part of what was too much as fits of what it took
  return static_cast<std::int64_t>(static_cast<double>(exceeds_) *
                                   (room / (room + static_cast<double>(excess))));
}

}   // namespace usertags::store
