// Tables `user` and `token`, with the statements that read and write them. change_log.hpp has the log,
// state.hpp the commit record.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "model/change.hpp"
#include "model/record.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/user_fold.hpp"

namespace usertags::sqlite {

// Table `user`: the projection of the log on disk, one row a user, living or not yet forgotten.
class UserTable {
 public:
  explicit UserTable(Connection& connection);

  // Creations and deletions are written in their own commit.
  void insert(std::span<const model::Record* const> users);
  void insert(const model::Record& user);
  void bury(const model::Record& tombstone);   // corrupt_store where the user has no living row

  // Brings rows up to what their users are (user_fold.hpp).
  void fold(std::span<const UserFold::Row> rows) { fold_.run(rows); }
  // What the row of a user is going to have, its tags' JSON at the end of the text.
  static UserFold::Row folded(const model::Record& record, std::string& text);

  // Writes the row of a user, living or deleted, whatever stands in its place; and takes one away. For rows
  // that something else wrote.
  void put(const model::Record& record);
  void remove(std::uint32_t ordinal);

  // Forgets a user who was deleted, for when the log's floor has passed that; does nothing else.
  void forget_deleted(std::uint32_t ordinal);

  struct Row {
    std::uint32_t ordinal = 0;
    std::string_view id;
    std::string_view external_id;
    std::uint64_t revision = 0;
    std::optional<std::string_view> tags;   // JSON; none: a tombstone
    std::int64_t checksum = 0;
  };
  // Walks the rows in the order of ordinals: all of them, or those from an ordinal on. Views are valid until the
  // next call. Throws corrupt_store for a row whose columns are out of range; the texts are the caller's to
  // judge.
  class Reader {
   public:
    explicit Reader(Connection& connection);
    std::optional<Row> next();

    // No row stands when it is over.
    class Walk {
     public:
      Walk(Reader& reader, std::uint32_t first);

     private:
      ResetAtEnd reset_;
    };

   private:
    Statement rows_;
  };

  // Walks external ids of the living, in the order of ordinals.
  class NameReader {
   public:
    explicit NameReader(Connection& connection);

    struct Name {
      std::uint32_t ordinal = 0;
      std::string_view external_id;   // until the next call
    };
    std::optional<Name> next();

    // Those from one ordinal to another, both included. No row stands when it is over.
    class Walk {
     public:
      Walk(NameReader& reader, std::int64_t first, std::int64_t last);

     private:
      ResetAtEnd reset_;
    };

   private:
    Statement rows_;
  };

  // Finds single rows: the first one at or behind an ordinal.
  class Finder {
   public:
    explicit Finder(Connection& connection);
    std::optional<Row> find_from(std::uint32_t ordinal);   // the row stands until reset()
    void reset() noexcept { rows_.reset(); }

   private:
    Statement rows_;
  };

 private:
  // What a row shows of a record and the record does not have as it is; it lives until the row is written.
  struct Texts {
    UserId id;
    std::string tags;
  };
  static void bind_user(Statement& rows, int first, const model::Record& user, Texts& texts);

  RowInserter insert_;
  Statement bury_;
  UserFold fold_;
  Statement put_;
  Statement remove_;
  Statement forget_deleted_;
  std::array<Texts, RowInserter::kRows> texts_;   // of the rows under construction
};

// Table `token`: idempotency tokens with the first outcome of their requests. Append-only, but for the
// oldest, which are forgotten; it is looked up in memory (index/token_index.hpp).
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
