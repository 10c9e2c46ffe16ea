// The commit record: the one row of table `state`, rewritten by every commit.
#pragma once

#include <array>
#include <cstdint>
#include <span>

#include <usertags/settings.hpp>

#include "model/change.hpp"
#include "model/digest.hpp"
#include "model/typeid.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {

using StoreId = std::array<std::uint8_t, 16>;

// What binds a file to a cluster, and to one place in it (cluster/binding.hpp): nothing else writes to a file that
// bears it (cluster_member).
using Binding = std::array<std::uint8_t, 48>;

// Revisions, floors and token numbers are below 2^63, so that SQLite orders them as we do.
struct State {
  StoreId store_id{};           // made with the store, never changed
  std::uint64_t epoch = 1;      // grows when the store is opened after an unclean end, or restored
  bool clean = true;            // the last writer closed it in good order
  std::uint64_t revision = 0;   // of the newest change
  std::uint32_t last_ordinal = 0;
  model::Uuid last_id{};         // the newest id ever given
  std::int64_t last_at_ms = 0;   // the newest time ever given
  model::Digest digest;
  std::uint64_t log_checksum = 0;      // of the newest change
  std::uint64_t folded_revision = 0;   // every change up to it is in table `user`: a replay starts after it
  std::uint64_t log_floor = 1;         // the oldest change still kept; revision + 1 where none is
  std::uint64_t floor_checksum = 0;    // of the change before the floor: where checking the chain starts
  std::uint64_t last_token = 0;        // the number of the newest idempotency token
  std::uint64_t token_floor = 1;       // that of the oldest one still kept; last_token + 1 where none is
  std::int64_t lived_ms = 0;           // how long the store was open for writing, up to this commit
  std::uint64_t entry = 0;             // commits so far that brought changes, tokens or settings
  std::uint64_t entry_checksum = 0;    // of the newest one: see note_entry()
  Binding binding{};                   // to a cluster; all zero: none
  StoredSettings settings{};

  bool operator==(const State&) const = default;
};

// What the row keeps of itself: XXH3-64 over the columns before it, in their order (docs/file-format.md).
std::uint64_t state_checksum(const State& state) noexcept;

// For a commit that brings changes, tokens or settings, once these are in the state: numbers it, and chains
// its checksum to the one before, over the state's newest number and checksum of each (docs/file-format.md).
// Such a commit is what a log that is kept elsewhere would have as one entry.
void note_entry(State& state, std::span<const model::Token> tokens) noexcept;

// Before it is written to. Throws Failure (cluster_member).
void expect_unbound(const State& state);
// Before it is written to by a cluster. Throws Failure (invalid_argument).
void expect_bound(const State& state);

class StateTable {
 public:
  explicit StateTable(Connection& connection);

  // corrupt_store where the row is missing, or not the only one, contradicts itself, or does not bear its checksum.
  State read();
  // The same, but for the checksum: for whoever goes on to look for more that is wrong.
  struct Unproved {
    State state;
    bool bears_checksum;
  };
  Unproved read_unproved();

  void write(const State& state);

 private:
  Statement read_;
  Statement write_;
};

// The first state of a store whose schema was just made.
void insert_state(Connection& connection, const State& state);

}   // namespace usertags::sqlite
