#include "store/write/fold_schedule.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <limits>

namespace usertags::store {
namespace {

constexpr std::uint32_t kNone = std::numeric_limits<std::uint32_t>::max();
constexpr std::size_t kBits = 64;

std::uint64_t bit_of(std::uint32_t ordinal) noexcept {
  return std::uint64_t{1} << (ordinal % kBits);
}

}   // namespace

void FoldSchedule::reserve(std::uint32_t last_ordinal) {
  const std::size_t words = last_ordinal / kBits + 1;
  if (words <= marks_.size()) return;
  marks_.reserve(std::bit_ceil(words));
  marks_.resize(words);
}

void FoldSchedule::mark(std::uint32_t ordinal) noexcept {
  assert(ordinal / kBits < marks_.size());
  std::uint64_t& word = marks_[ordinal / kBits];
  count_ += (word & bit_of(ordinal)) == 0 ? 1U : 0U;
  word |= bit_of(ordinal);
}

void FoldSchedule::unmark(std::uint32_t ordinal) noexcept {
  if (ordinal / kBits >= marks_.size()) return;
  std::uint64_t& word = marks_[ordinal / kBits];
  count_ -= (word & bit_of(ordinal)) == 0 ? 0U : 1U;
  word &= ~bit_of(ordinal);
}

std::uint32_t FoldSchedule::first_marked(std::uint32_t from) const noexcept {
  std::size_t index = from / kBits;
  if (index >= marks_.size()) return kNone;
  std::uint64_t word = marks_[index] & (~std::uint64_t{0} << (from % kBits));
  while (word == 0) {
    if (++index == marks_.size()) return kNone;
    word = marks_[index];
  }
  return static_cast<std::uint32_t>(index * kBits + static_cast<std::size_t>(std::countr_zero(word)));
}

FoldSchedule::Step FoldSchedule::next(std::size_t count, std::uint64_t revision) const {
  Step step{{}, position_, round_revision_, folded_revision_};
  const std::size_t wanted = std::min<std::uint64_t>(count, count_);
  step.ordinals.reserve(wanted);
  while (step.ordinals.size() < wanted) {
    const std::uint32_t ordinal = first_marked(step.position);
    if (ordinal != kNone) {
      step.ordinals.push_back(ordinal);
      step.position = ordinal + 1;
      continue;
    }
    step.position = 0;   // a new round; there are at least as many marks as wanted, so it happens once
    step.folded_revision = step.round_revision;
    step.round_revision = revision;
  }
  if (wanted == count_) {   // nothing is left behind
    step.position = 0;
    step.folded_revision = step.round_revision = revision;
  }
  return step;
}

void FoldSchedule::take(const Step& step) noexcept {
  for (const std::uint32_t ordinal : step.ordinals) unmark(ordinal);
  position_ = step.position;
  round_revision_ = step.round_revision;
  folded_revision_ = step.folded_revision;
}

}   // namespace usertags::store
