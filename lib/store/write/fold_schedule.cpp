#include "store/write/fold_schedule.hpp"

#include <algorithm>
#include <bit>
#include <cassert>

namespace usertags::store {
namespace {

std::uint64_t bit_of(std::uint64_t place) noexcept {
  return std::uint64_t{1} << (place % 64);
}

}   // namespace

void FoldSchedule::reserve(std::uint32_t ordinal) {
  const std::size_t number = ordinal / kChunkBits;
  if (number >= chunks_.size()) chunks_.resize(number + 1);
  if (!chunks_[number]) chunks_[number] = std::make_unique<Chunk>();
}

void FoldSchedule::mark(std::uint32_t ordinal) noexcept {
  assert(ordinal / kChunkBits < chunks_.size() && chunks_[ordinal / kChunkBits]);
  Chunk& chunk = *chunks_[ordinal / kChunkBits];
  std::uint64_t& word = chunk.words[ordinal % kChunkBits / 64];
  if ((word & bit_of(ordinal)) != 0) return;
  word |= bit_of(ordinal);
  ++chunk.marks;
  ++count_;
}

void FoldSchedule::unmark(std::uint32_t ordinal) noexcept {
  const std::size_t number = ordinal / kChunkBits;
  if (number >= chunks_.size() || !chunks_[number]) return;
  std::uint64_t& word = chunks_[number]->words[ordinal % kChunkBits / 64];
  if ((word & bit_of(ordinal)) == 0) return;
  word &= ~bit_of(ordinal);
  --chunks_[number]->marks;
  --count_;
}

std::optional<std::uint64_t> FoldSchedule::first_marked(const Chunk& chunk, std::uint64_t from) noexcept {
  if (chunk.marks == 0) return std::nullopt;
  std::uint64_t mask = ~std::uint64_t{0} << (from % 64);
  for (std::size_t index = from / 64; index < chunk.words.size(); ++index) {
    const std::uint64_t word = chunk.words[index] & mask;
    if (word != 0) return index * 64 + static_cast<std::uint64_t>(std::countr_zero(word));
    mask = ~std::uint64_t{0};
  }
  return std::nullopt;
}

std::optional<std::uint32_t> FoldSchedule::first_marked(std::uint64_t from) const noexcept {
  std::uint64_t place = from % kChunkBits;
  for (std::uint64_t number = from / kChunkBits; number < chunks_.size(); ++number) {
    const std::optional<std::uint64_t> found =
        chunks_[number] ? first_marked(*chunks_[number], place) : std::nullopt;
    if (found) return static_cast<std::uint32_t>(number * kChunkBits + *found);
    place = 0;
  }
  return std::nullopt;
}

FoldSchedule::Step FoldSchedule::next(std::size_t count, std::uint64_t revision) const {
  Step step{{}, position_, round_revision_, folded_revision_};
  const std::size_t wanted = std::min<std::uint64_t>(count, count_);
  step.ordinals.reserve(wanted);
  while (step.ordinals.size() < wanted) {
    const std::optional<std::uint32_t> ordinal = first_marked(step.position);
    if (ordinal) {
      step.ordinals.push_back(*ordinal);
      step.position = std::uint64_t{*ordinal} + 1;
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
