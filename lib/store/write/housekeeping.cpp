#include "store/write/housekeeping.hpp"

#include <algorithm>
#include <bit>
#include <cassert>
#include <chrono>
#include <ctime>
#include <limits>
#include <string>
#include <utility>

#include "model/failure.hpp"

namespace usertags::store {

namespace {

std::uint64_t bit_of(std::uint64_t place) noexcept {
  return std::uint64_t{1} << (place % 64);
}

}   // namespace

void FoldSchedule::reserve(std::uint32_t ordinal) {
  const std::size_t number = ordinal / kChunkBits;
  if (number >= chunks_.size()) chunks_.resize(number + 1);
  if (!chunks_[number].words) chunks_[number].words = std::make_unique<Words>();
}

void FoldSchedule::mark(std::uint32_t ordinal) noexcept {
  assert(ordinal / kChunkBits < chunks_.size() && chunks_[ordinal / kChunkBits].words);
  Chunk& chunk = chunks_[ordinal / kChunkBits];
  std::uint64_t& word = (*chunk.words)[ordinal % kChunkBits / 64];
  if ((word & bit_of(ordinal)) != 0) return;
  word |= bit_of(ordinal);
  ++chunk.marks;
  ++count_;
}

void FoldSchedule::unmark(std::uint32_t ordinal) noexcept {
  const std::size_t number = ordinal / kChunkBits;
  if (number >= chunks_.size() || !chunks_[number].words) return;
  std::uint64_t& word = (*chunks_[number].words)[ordinal % kChunkBits / 64];
  if ((word & bit_of(ordinal)) == 0) return;
  word &= ~bit_of(ordinal);
  --chunks_[number].marks;
  --count_;
}

std::optional<std::uint64_t> FoldSchedule::first_marked(const Chunk& chunk, std::uint64_t from) noexcept {
  if (chunk.marks == 0) return std::nullopt;
  std::uint64_t mask = ~std::uint64_t{0} << (from % 64);
  for (std::size_t index = from / 64; index < chunk.words->size(); ++index) {
    const std::uint64_t word = (*chunk.words)[index] & mask;
    if (word != 0) return index * 64 + static_cast<std::uint64_t>(std::countr_zero(word));
    mask = ~std::uint64_t{0};
  }
  return std::nullopt;
}

std::optional<std::uint32_t> FoldSchedule::first_marked(std::uint64_t from) const noexcept {
  std::uint64_t place = from % kChunkBits;
  for (std::uint64_t number = from / kChunkBits; number < chunks_.size(); ++number) {
    const std::optional<std::uint64_t> found = first_marked(chunks_[number], place);
    if (found) return static_cast<std::uint32_t>(number * kChunkBits + *found);
    place = 0;
  }
  return std::nullopt;
}

template <class Visit>
void FoldSchedule::visit_entered(const Portion& portion, Visit&& visit) const noexcept {
  std::uint64_t number = position_ / kChunkBits + 1;
  if (portion.begins_round) {
    for (; number < chunks_.size(); ++number) visit(number);
    number = 0;
  }
  const std::uint64_t end = std::min<std::uint64_t>(portion.position / kChunkBits + 1, chunks_.size());
  for (; number < end; ++number) visit(number);
}

FoldSchedule::Portion FoldSchedule::next(std::size_t count, std::uint64_t revision) const {
  Portion portion{{}, position_, false, revision, folded_revision_};
  const std::size_t wanted = std::min<std::uint64_t>(count, count_);
  portion.ordinals.reserve(wanted);
  while (portion.ordinals.size() < wanted) {
    const std::optional<std::uint32_t> ordinal = first_marked(portion.position);
    if (ordinal) {
      portion.ordinals.push_back(*ordinal);
      portion.position = std::uint64_t{*ordinal} + 1;
      continue;
    }
    portion.position = 0;   // there are at least as many marks as wanted, so it happens once
    portion.begins_round = true;
  }
  if (wanted == count_) {   // nothing is left behind
    portion.position = 0;
    portion.begins_round = false;
    portion.folded_revision = revision;
  }
  visit_entered(portion, [&](std::uint64_t number) {
    portion.folded_revision = std::max(portion.folded_revision, chunks_[number].came_at_revision);
  });
  return portion;
}

void FoldSchedule::note_folded(const Portion& portion) noexcept {
  for (const std::uint32_t ordinal : portion.ordinals) unmark(ordinal);
  visit_entered(portion, [&](std::uint64_t number) { chunks_[number].came_at_revision = portion.revision; });
  position_ = portion.position;
  folded_revision_ = portion.folded_revision;
}

namespace {

// A stretch of rows of which some may go: pruned are as many as `least` in all, or none.
struct Candidates {
  std::uint64_t least;
  std::uint64_t most;
};

Candidates candidates(std::uint64_t floor, std::uint64_t kept, std::size_t newcomers) {
  const std::uint64_t chunk = std::min(Retention::kChunk, std::max<std::uint64_t>(kept, 1));
  return {floor + chunk - 1, floor + std::max<std::uint64_t>(chunk, 2 * newcomers) - 1};
}

// Both in lived time.
bool is_old(std::int64_t at_ms, std::int64_t now_ms, std::chrono::seconds age) {
  return std::chrono::floor<std::chrono::seconds>(std::chrono::milliseconds(now_ms - at_ms)) >= age;
}

// The newest of the rows up to `last` that is old; `first` is. Times never run backwards.
template <class IsOld>
std::uint64_t newest_old(std::uint64_t first, std::uint64_t last, IsOld&& is_old) {
  while (first < last) {
    const std::uint64_t middle = last - (last - first) / 2;
    if (is_old(middle)) {
      first = middle;
    } else {
      last = middle - 1;
    }
  }
  return first;
}

}   // namespace

// A segment goes when it is beyond both bounds.
std::optional<model::Segment> Retention::last_segment_to_go(const sqlite::State& state,
                                                            std::uint64_t folded_revision,
                                                            const Newcomers& newcomers) {
  const History& keep = state.settings.history;
  if (keep.keep_all || state.revision <= keep.min_changes) return std::nullopt;
  const std::uint64_t newest = std::min(folded_revision, state.revision - keep.min_changes);
  const auto [least, most] = candidates(state.log_floor, keep.min_changes, newcomers.changes);
  if (newest < least) return std::nullopt;
  const auto may_go = [&](const model::Segment& segment) {
    return segment.last <= newest && is_old(segment.lived_ms, newcomers.lived_ms, keep.min_age);
  };
  model::Segment last = segment_of(least);
  if (!may_go(last)) return std::nullopt;
  while (last.last < std::min(newest, most)) {
    const model::Segment next = segment_of(last.last + 1);
    if (!may_go(next)) break;
    last = next;
  }
  return last;
}

// A token goes when it is beyond either bound.
std::optional<std::uint64_t> Retention::last_token_to_go(const sqlite::State& state,
                                                         const Newcomers& newcomers) {
  const Tokens& keep = state.settings.tokens;
  const auto old = [&](std::uint64_t seq) {
    return state.last_token - seq >= keep.max_count ||
           is_old(token_lived_ms(seq), newcomers.lived_ms, keep.max_age);
  };
  const auto [least, most] = candidates(state.token_floor, keep.max_count, newcomers.tokens);
  if (state.last_token < least || !old(least)) return std::nullopt;
  return newest_old(least, std::min(state.last_token, most), old);
}

model::Segment Retention::segment_of(std::uint64_t revision) {
  if (const auto segment = database_.log().head(revision)) return *segment;
  model::fail(ErrorCode::corrupt_store, "the log lacks change " + std::to_string(revision));
}

std::int64_t Retention::token_lived_ms(std::uint64_t seq) {
  if (const auto lived_ms = database_.tokens().lived_ms(seq)) return *lived_ms;
  model::fail(ErrorCode::corrupt_store, "table 'token' lacks row " + std::to_string(seq));
}

LivedTime::LivedTime(std::int64_t lived_ms, Uptime uptime)
    : uptime_(std::move(uptime)), lived_before_ms_(lived_ms), opened_at_(this->uptime()) {}

void LivedTime::go_on_from(std::int64_t lived_ms) noexcept {
  lived_before_ms_ = lived_ms;
  opened_at_ = uptime();
}

std::int64_t LivedTime::now_ms() const noexcept {
  const std::chrono::nanoseconds now = std::max(uptime(), opened_at_);
  // Unsigned, because a host's clock may leap from one end of its range to the other.
  const std::uint64_t session_ns =
      static_cast<std::uint64_t>(now.count()) - static_cast<std::uint64_t>(opened_at_.count());
  const auto session_ms = static_cast<std::int64_t>(session_ns / 1'000'000);
  const std::int64_t left_ms = std::numeric_limits<std::int64_t>::max() - lived_before_ms_;
  return lived_before_ms_ + std::min(session_ms, left_ms);
}

std::chrono::nanoseconds LivedTime::uptime() const noexcept {
  if (uptime_) return uptime_();
  timespec now{};
  clock_gettime(CLOCK_BOOTTIME, &now);   // cannot fail: Linux has had it since 2.6.39
  return std::chrono::seconds(now.tv_sec) + std::chrono::nanoseconds(now.tv_nsec);
}

}   // namespace usertags::store
