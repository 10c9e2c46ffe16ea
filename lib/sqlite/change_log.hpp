// Table `change`: the log.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "model/change.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/row_inserter.hpp"
#include "sqlite/state.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {

class ChangeLog {
 public:
  explicit ChangeLog(Connection& connection);

  // Deletes changes from `floor` up to `last`, both included.
  void prune(std::uint64_t floor, std::uint64_t last);

  struct Entry {
    model::Change change;   // from a Reader: views into the row, valid until the next call
    std::uint64_t checksum = 0;

    // Whether it is this revision's, behind an entry of that checksum.
    bool follows(std::uint64_t revision, std::uint64_t previous_checksum) const noexcept {
      return change.revision == revision && checksum == model::chain_checksum(previous_checksum, change);
    }
  };
  // In the order of their revisions. Texts must live until it returns.
  void append(std::span<const Entry> entries);

  // Walks entries; made once, it can walk many times. Throws corrupt_store for a row that no store writes.
  class Reader {
   public:
    explicit Reader(Connection& connection);
    std::optional<Entry> next();

    // The walk from a revision on, in order. No row stands when it is over.
    class Walk {
     public:
      Walk(Reader& reader, std::uint64_t first_revision);

     private:
      ResetAtEnd reset_;
    };

   private:
    Statement rows_;
  };

  // The same for the entries of one user, from `last` back to `first`.
  class UserReader {
   public:
    explicit UserReader(Connection& connection);
    std::optional<Entry> next();

    class Walk {
     public:
      Walk(UserReader& reader, std::uint32_t ordinal, std::uint64_t first_revision,
           std::uint64_t last_revision);

     private:
      ResetAtEnd reset_;
    };

   private:
    Statement rows_;
  };

  // What the entry of one revision says besides its change.
  struct Mark {
    std::uint64_t remaining = 0;
    std::int64_t lived_ms = 0;
    std::uint64_t checksum = 0;
  };
  // Looks entries up one by one.
  class Marks {
   public:
    explicit Marks(Connection& connection);
    std::optional<Mark> find(std::uint64_t revision);   // none where it is not kept
    // What the entry of a revision is chained to, kept or not; none where the log lacks it.
    std::optional<std::uint64_t> checksum_before(std::uint64_t revision, const State& state);

   private:
    Statement rows_;
  };
  std::optional<Mark> mark(std::uint64_t revision) { return marks_.find(revision); }

  // The newest change at or before `revision` that is the last of its transaction; none where none is kept.
  std::optional<std::uint64_t> last_transaction_end(std::uint64_t revision);

 private:
  RowInserter append_;
  Statement prune_;
  Marks marks_;
  Statement transaction_end_;
};

}   // namespace usertags::sqlite
