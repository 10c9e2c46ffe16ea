#include "store/load/token_loader.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "sqlite/token_table.hpp"

namespace usertags::store {
namespace {

void add(const model::Token& token, index::TokenIndex& tokens) {
  auto addition = tokens.prepare(std::span(&token, 1));
  tokens.publish(addition);
}

// From a number on, or the floor.
void walk_from(std::uint64_t first, sqlite::Connection& connection, const sqlite::State& state,
               index::TokenIndex& tokens, const OnBadTokens& on_bad) {
  sqlite::TokenTable::Reader rows(connection);
  std::uint64_t expected = std::max(state.token_floor, first);
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

OnBadTokens told_to(const OnProblem& on_problem) {
  return [on_problem](const BadTokens& bad) {   // a copy: what was given may be a temporary
    on_problem({VerifyReport::Kind::token,
                ErrorCode::foreign_write,
                {},
                "token " + std::to_string(bad.first) + ' ' + std::string(bad.what)});
  };
}

}   // namespace

void walk_tokens(sqlite::Connection& connection, const sqlite::State& state, index::TokenIndex& tokens,
                 const OnBadTokens& on_bad) {
  walk_from(state.token_floor, connection, state, tokens, on_bad);
}

void load_tokens(sqlite::Connection& connection, const sqlite::State& state, index::TokenIndex& tokens,
                 const OnProblem& on_problem) {
  walk_tokens(connection, state, tokens, told_to(on_problem));
}

index::TokenIndex::Addition load_new_tokens(sqlite::Connection& connection, const sqlite::State& state,
                                            index::TokenIndex& known) {
  const OnBadTokens on_bad = told_to(refuse_problem);
  index::TokenIndex loaded;
  walk_from(known.newest() + 1, connection, state, loaded, on_bad);
  index::TokenIndex::Addition addition = loaded.take_all();
  for (const index::TokenPtr& token : addition) {
    if (known.seq_of(token->text()) >= state.token_floor)
      on_bad({token->seq(), token->seq(), "is there twice"});
  }
  known.make_room(addition);
  return addition;
}

}   // namespace usertags::store
