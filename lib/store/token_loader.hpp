// Reads table `token` into memory, and proves it: every row bears its checksum, numbers have no gap, and no
// token comes twice. What does not fit is foreign: a token that was lost or changed would let a request take
// effect a second time.
#pragma once

#include "index/token_index.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "store/loader.hpp"

namespace usertags::store {

// Adds the tokens that the file keeps at `state` to the index, from its newest one on. Reads within the
// caller's transaction. Throws what `on_problem` throws, Failure, and std::bad_alloc.
void load_tokens(sqlite::Connection& connection, const sqlite::State& state, index::TokenIndex& tokens,
                 const OnProblem& on_problem);

}   // namespace usertags::store
