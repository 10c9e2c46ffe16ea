// Table `user`: the projection of the log on disk, one row a user, living or not yet forgotten.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/tag.hpp>

#include "model/record.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/statement.hpp"

namespace usertags::sqlite {

class UserTable {
 public:
  explicit UserTable(Connection& connection);

  // Creations and deletions are written in their own commit.
  void insert(const model::Record& record);
  void bury(const model::Record& tombstone);   // corrupt_store where the user has no living row

  // Brings the row up to the record, if it is older than it and living; does nothing else.
  void fold(const model::Record& record);

  // Writes the row of a user, living or deleted, whatever stands in its place; and takes one away. For rows
  // that something else wrote.
  void put(const model::Record& record);
  void remove(std::uint32_t ordinal);

  // Forgets users that were deleted at or before a revision, for when the log's floor has passed it. Costs as
  // much as there are such users: an index holds the tombstones, and nothing else.
  void forget_deleted(std::uint64_t up_to_revision);

  struct Row {
    std::uint32_t ordinal = 0;
    std::string_view id;
    std::string_view external_id;
    std::uint64_t revision = 0;
    std::optional<std::string_view> tags;   // JSON; none: a tombstone
    std::int64_t checksum = 0;
  };
  // Walks all rows in the order of ordinals. Views are valid until the next call. Throws corrupt_store for a
  // row whose columns are out of range; the texts are the caller's to judge.
  class Reader {
   public:
    explicit Reader(Connection& connection);
    std::optional<Row> next();

   private:
    Statement rows_;
  };

  // Finds single rows, likewise: the first one at or behind an ordinal.
  class Finder {
   public:
    explicit Finder(Connection& connection);
    std::optional<Row> find_from(std::uint32_t ordinal);   // the row stands until reset()
    void reset() noexcept { rows_.reset(); }

   private:
    Statement rows_;
  };

 private:
  void write_whole(Statement& statement, const model::Record& record);
  std::string_view json_of(const model::Record& record);   // its tags; valid until the next call

  Statement insert_;
  Statement bury_;
  Statement fold_;
  Statement put_;
  Statement remove_;
  Statement forget_deleted_;
  std::vector<Tag> tags_;   // of the row under construction
  std::string json_;
};

}   // namespace usertags::sqlite
