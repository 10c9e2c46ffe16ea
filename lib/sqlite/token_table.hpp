// Table `token`: idempotency tokens with the first outcome of their requests. Append-only, but for the
// oldest, which are forgotten; it is looked up in memory (index/token_index.hpp).
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "model/token.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/row_inserter.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {

class TokenTable {
 public:
  explicit TokenTable(Connection& connection);

  // In the order of their numbers. Texts must live until it returns.
  void append(std::span<const model::Token> tokens);

  // Deletes tokens from `floor` up to `last`, both included.
  void prune(std::uint64_t floor, std::uint64_t last);

  // The lived time at which a token was given; none where it is not kept.
  std::optional<std::int64_t> lived_ms(std::uint64_t seq);

  // Walks the tokens from a number on, in order; made once, it can walk many times. Throws corrupt_store for
  // a row that no store writes.
  class Reader {
   public:
    explicit Reader(Connection& connection);

    struct Row {
      model::Token token;   // a view into the row, valid until the next call
      bool bears_checksum = false;
    };
    std::optional<Row> next();

    // No row stands when it is over.
    class Walk {
     public:
      Walk(Reader& reader, std::uint64_t first);

     private:
      ResetAtEnd reset_;
    };

   private:
    Statement rows_;
  };

 private:
  RowInserter append_;
  Statement prune_;
  Statement lived_ms_;
};

}   // namespace usertags::sqlite
