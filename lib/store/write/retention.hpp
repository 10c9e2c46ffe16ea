// Retention: how far the log and the idempotency tokens may be pruned, and no further. Each has its own rule,
// which is a setting of the store (Settings::history, Settings::tokens). Ages are lived time
// (lived_time.hpp).
//
// Pruning is done some rows at a time: one by one it would rewrite a table's first page with each commit.
// Used under the lead only. Throws Failure (corrupt_store) where a row is missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "sqlite/database.hpp"

namespace usertags::store {

class Retention {
 public:
  explicit Retention(sqlite::Database& database) noexcept : database_(database) {}

  // What comes with a commit: pruning keeps pace with it.
  struct Newcomers {
    std::size_t changes = 0;
    std::size_t tokens = 0;
    std::int64_t lived_ms = 0;   // the store's lived time now
  };

  // Rows that are always pruned together, unless the bounds are smaller.
  static constexpr std::uint64_t kChunk = 1024;

  // The newest change, or token, that may go now by the store's settings; none where it is not worth while. A
  // transaction goes as a whole.
  std::optional<std::uint64_t> last_change_to_go(const sqlite::State& state, std::uint64_t folded_revision,
                                                 const Newcomers& newcomers);
  std::optional<std::uint64_t> last_token_to_go(const sqlite::State& state, const Newcomers& newcomers);

  sqlite::ChangeLog::Mark mark_of(std::uint64_t revision);

 private:
  std::optional<std::uint64_t> transaction_end_near(std::uint64_t wanted, std::uint64_t newest);
  std::int64_t token_lived_ms(std::uint64_t seq);

  sqlite::Database& database_;
};

}   // namespace usertags::store
