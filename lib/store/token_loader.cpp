#include "store/token_loader.hpp"

#include <algorithm>
#include <span>
#include <string>

#include "sqlite/token_table.hpp"

namespace usertags::store {
namespace {

void report(const OnProblem& on_problem, std::uint64_t seq, std::string_view what) {
  on_problem({VerifyReport::Kind::token,
              ErrorCode::foreign_write,
              {},
              "token " + std::to_string(seq) + ' ' + std::string(what)});
}

void add(const model::Token& token, index::TokenIndex& tokens) {
  tokens.publish(tokens.prepare(std::span(&token, 1)));
}

}   // namespace

void load_tokens(sqlite::Connection& connection, const sqlite::State& state, index::TokenIndex& tokens,
                 const OnProblem& on_problem) {
  sqlite::TokenTable::Reader rows(connection);
  std::uint64_t expected = std::max(state.token_floor, tokens.newest() + 1);
  const sqlite::TokenTable::Reader::Walk walk(rows, expected);
  while (const auto row = rows.next()) {
    const model::Token& token = row->token;
    if (token.seq != expected) return report(on_problem, expected, "is missing");
    if (token.seq > state.last_token) return report(on_problem, token.seq, "was not given by the store");
    if (!row->bears_checksum)
      report(on_problem, token.seq, "is not as the store left it");
    else if (tokens.find(token.text))
      report(on_problem, token.seq, "is there twice");
    else
      add(token, tokens);
    ++expected;
  }
  if (expected != state.last_token + 1) report(on_problem, expected, "is missing");
}

}   // namespace usertags::store
