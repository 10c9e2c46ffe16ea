// Retention: how far the log and the idempotency tokens may be pruned, and no further. Each has its own rule
// (Options::history, Options::tokens). Ages are counted from the newest change or token, not from the clock:
// a store that nobody writes to keeps what it has.
//
// Pruning is done some rows at a time: one by one it would rewrite a table's first page with each commit.
// Used under the lead only. Throws Failure (corrupt_store) where a row is missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include <usertags/options.hpp>

#include "sqlite/database.hpp"

namespace usertags::store {

class Retention {
 public:
  Retention(sqlite::Database& database, const History& history, const Tokens& tokens) noexcept
      : database_(database), history_(history), tokens_(tokens) {}

  // Rows that are always pruned together, unless the bounds are smaller.
  static constexpr std::uint64_t kChunk = 1024;

  // The newest change, or token, that may go now; none where it is not worth while. `newcomers`: as many came
  // with this commit, so that pruning keeps pace. A transaction goes as a whole.
  std::optional<std::uint64_t> last_change_to_go(const sqlite::State& state, std::uint64_t folded_revision,
                                                 std::size_t newcomers);
  std::optional<std::uint64_t> last_token_to_go(const sqlite::State& state, std::size_t newcomers);

  sqlite::ChangeLog::Mark mark_of(std::uint64_t revision);

 private:
  std::optional<std::uint64_t> transaction_end_near(std::uint64_t wanted, std::uint64_t newest);
  std::int64_t token_at_ms(std::uint64_t seq);

  sqlite::Database& database_;
  const History history_;
  const Tokens tokens_;
};

}   // namespace usertags::store
