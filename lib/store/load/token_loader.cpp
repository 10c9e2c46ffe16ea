#include "store/load/token_loader.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "sqlite/token_table.hpp"

namespace usertags::store {
namespace {

void add(const model::Token& token, index::TokenIndex& tokens) {
  tokens.publish(tokens.prepare(std::span(&token, 1)));
}

}   // namespace

void walk_tokens(sqlite::Connection& connection, const sqlite::State& state, index::TokenIndex& tokens,
                 const OnBadTokens& on_bad) {
  sqlite::TokenTable::Reader rows(connection);
  std::uint64_t expected = std::max(state.token_floor, tokens.newest() + 1);
  const sqlite::TokenTable::Reader::Walk walk(rows, expected);
  while (const auto row = rows.next()) {
    const model::Token& token = row->token;
    if (token.seq > state.last_token) {
      on_bad({token.seq, token.seq, "was not given by the store"});
      continue;
    }
    if (token.seq != expected) on_bad({expected, token.seq - 1, "is missing"});
    expected = token.seq + 1;
    if (!row->bears_checksum)
      on_bad({token.seq, token.seq, "is not as the store left it"});
    else if (tokens.find(token.text))
      on_bad({token.seq, token.seq, "is there twice"});
    else
      add(token, tokens);
  }
  if (expected <= state.last_token) on_bad({expected, state.last_token, "is missing"});
}

void load_tokens(sqlite::Connection& connection, const sqlite::State& state, index::TokenIndex& tokens,
                 const OnProblem& on_problem) {
  walk_tokens(connection, state, tokens, [&](const BadTokens& bad) {
    on_problem({VerifyReport::Kind::token,
                ErrorCode::foreign_write,
                {},
                "token " + std::to_string(bad.first) + ' ' + std::string(bad.what)});
  });
}

}   // namespace usertags::store
