// From the file to memory: users, and tokens.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <vector>

#include "index/token_index.hpp"
#include "model/record.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "store/load/log_walk.hpp"

namespace usertags::store {

// Loader: reads the file back into records: the rows of table `user`, brought up to date with the log. The
// same reading serves the opening of a store, which stops at the first problem, and its verification, which
// collects them.
struct Loaded {
  sqlite::State state;
  std::vector<model::RecordPtr> records;   // the living, in the order of their ordinals
  std::vector<std::uint32_t> backlog;      // ordinals of those whose rows are behind the log
  std::uint64_t changes = 0;               // log entries read
};

// How much of the log is read.
enum class LogExtent : std::uint8_t {
  to_replay,   // what is beyond the fold
  whole,       // everything that is kept: proves the whole chain, and the rows that are ahead of the fold
};

// Reads within the caller's transaction, so that rows and log are of one moment. Throws Failure, and
// std::bad_alloc.
Loaded load(sqlite::Connection& connection, LogExtent extent, const OnProblem& on_problem);

// Whether living users have external ids of their own; of the whole log it is looked at. A projection that is loaded
// judges it for nothing. Throws what `on_problem` throws, and std::bad_alloc.
void check_names(std::span<const model::RecordPtr> users, const OnProblem& on_problem);

// Reads table `token` into memory, and proves it: every row bears its checksum, numbers have no gap, and no
// token comes twice. What does not fit is foreign: a token that was lost or changed would let a request take
// effect a second time.

// Tokens that are not as the store left them, by their numbers.
struct BadTokens {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::string_view what;   // the rest of a sentence that begins with the first
};
using OnBadTokens = std::function<void(const BadTokens&)>;

// Adds the tokens that the file keeps at `state` to the empty index, but for those that are bad: of these it
// tells, in order. Reads within the caller's transaction. Throws what `on_bad` throws, Failure, and
// std::bad_alloc.
void walk_tokens(sqlite::Connection& connection, const sqlite::State& state, index::TokenIndex& tokens,
                 const OnBadTokens& on_bad);

// The same, where bad tokens are a problem of the file.
void load_tokens(sqlite::Connection& connection, const sqlite::State& state, index::TokenIndex& tokens,
                 const OnProblem& on_problem);

// Those that the file keeps at `state` behind what the index knows, for the index to show; it may know some
// that the file has forgotten. Throws Failure (foreign_write) where one is bad.
index::TokenIndex::Addition load_new_tokens(sqlite::Connection& connection, const sqlite::State& state,
                                            index::TokenIndex& known);

}   // namespace usertags::store
