#include "store/write/retention.hpp"

#include <algorithm>
#include <chrono>
#include <string>

#include "model/failure.hpp"

namespace usertags::store {
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

// A change goes when it is beyond both bounds.
std::optional<std::uint64_t> Retention::last_change_to_go(const sqlite::State& state,
                                                          std::uint64_t folded_revision,
                                                          const Newcomers& newcomers) {
  const History& keep = state.settings.history;
  if (keep.keep_all || state.revision <= keep.min_changes) return std::nullopt;
  const auto old = [&](std::uint64_t revision) {
    return keep.min_age.count() == 0 || is_old(mark_of(revision).lived_ms, newcomers.lived_ms, keep.min_age);
  };
  const std::uint64_t newest = std::min(folded_revision, state.revision - keep.min_changes);
  const auto [least, most] = candidates(state.log_floor, keep.min_changes, newcomers.changes);
  if (newest < least || !old(least)) return std::nullopt;
  return transaction_end_near(newest_old(least, std::min(newest, most), old), newest);
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

// The transaction that reaches beyond `wanted` goes too, if it ends at or before `newest`; else it stays.
std::optional<std::uint64_t> Retention::transaction_end_near(std::uint64_t wanted, std::uint64_t newest) {
  const std::uint64_t end = wanted + mark_of(wanted).remaining;
  return end <= newest ? end : database_.log().last_transaction_end(wanted);
}

sqlite::ChangeLog::Mark Retention::mark_of(std::uint64_t revision) {
  if (const auto mark = database_.log().mark(revision)) return *mark;
  model::fail(ErrorCode::corrupt_store, "the log lacks change " + std::to_string(revision));
}

std::int64_t Retention::token_lived_ms(std::uint64_t seq) {
  if (const auto lived_ms = database_.tokens().lived_ms(seq)) return *lived_ms;
  model::fail(ErrorCode::corrupt_store, "table 'token' lacks row " + std::to_string(seq));
}

}   // namespace usertags::store
