// Table `segment`: the log. What a segment is, and its text, is in model/segment.hpp.
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "model/segment.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "sqlite/statement.hpp"
#include "sqlite/tables.hpp"

namespace usertags::sqlite {

class ChangeLog {
 public:
  explicit ChangeLog(Connection& connection);

  // Behind those that are there.
  void append(const model::Segment& segment);

  // Deletes the segments up to the one that ends with revision `last`, and forgets the users who were deleted
  // in them. Throws Failure (corrupt_store) where one cannot be read.
  void prune(std::uint64_t last, UserTable& users);

  // Walks segments; made once, it can walk many times. Throws corrupt_store for a row that no store writes.
  class Reader {
   public:
    explicit Reader(Connection& connection);
    // Its text is a view into the row, valid until the next call.
    std::optional<model::Segment> next();

    // The walk from the segment on that holds a revision, or from the first behind it, in order. No row
    // stands when it is over.
    class Walk {
     public:
      Walk(Reader& reader, std::uint64_t revision);

     private:
      ResetAtEnd reset_;
    };

   protected:
    Reader(Connection& connection, std::string_view sql);

   private:
    Statement rows_;
  };

  // Its walks go from the segment that holds a revision back to the first.
  class BackReader : public Reader {
   public:
    explicit BackReader(Connection& connection);
  };

  // Looks segments up one by one, without their texts.
  class Heads {
   public:
    explicit Heads(Connection& connection);
    // The segment that holds a revision, with an empty text; none where it is not kept.
    std::optional<model::Segment> find(std::uint64_t revision);
    // What a segment that begins with the revision is chained to, kept or not; none where the log lacks it.
    std::optional<std::uint64_t> checksum_before(std::uint64_t revision, const State& state);

   private:
    Statement rows_;
  };
  std::optional<model::Segment> head(std::uint64_t revision) { return heads_.find(revision); }

 private:
  Statement append_;
  Statement prune_;
  Heads heads_;
  Reader pruned_;
  model::SegmentDecoder decoder_;
};

}   // namespace usertags::sqlite
