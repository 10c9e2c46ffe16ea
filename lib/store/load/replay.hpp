// From rows and entries of the log to users.
#pragma once

#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/error.hpp>
#include <usertags/tag.hpp>

#include "model/change.hpp"
#include "model/record.hpp"
#include "sqlite/state.hpp"
#include "sqlite/tables.hpp"

namespace usertags::store {

// What a row of table `user` says, as a record: judged in full, because a file may hold anything, whatever
// its checksums say.

// Why a row is no user: corrupt_store for what no store writes, foreign_write for sound columns that do not
// fit the row's checksum. `what` is the rest of a sentence that begins with the row.
struct RowProblem {
  ErrorCode code{};
  std::string what;
};

// A tombstone where the user was deleted. Texts of the record are well-formed UTF-8 without NUL, its external
// id and its keys are not empty, its keys are sorted, each once; lengths and characters are not held against
// the rules, which may have been others when the row was written. Throws std::bad_alloc.
std::expected<model::RecordPtr, RowProblem> to_record(const sqlite::UserTable::Row& row,
                                                      model::PatchDecoder& decoder);
// The same, held against the commit record of its moment: the row of a user, an id and a revision that it knows.
std::expected<model::RecordPtr, RowProblem> to_record(const sqlite::UserTable::Row& row,
                                                      const sqlite::State& state,
                                                      model::PatchDecoder& decoder);

// SQLite takes the order of a damaged tree on trust; all that is built on the rows needs it. Throws Failure
// where a row does not stand behind the one with the ordinal `last`.
void expect_order(const sqlite::UserTable::Row& row, std::uint32_t last);

// IdOrder: ids grow with ordinals, also over users who were deleted; by this order users are found. Looks at the
// users of rows in the order of ordinals.
class IdOrder {
 public:
  // Whether the user's id is newer than that of the one before.
  bool takes(const model::Record& user) noexcept;

 private:
  std::uint64_t last_ = 0;
};

// Whether the store can have created the user behind `state`: ordinals and ids grow, and come once.
bool is_new(const model::Record& user, const sqlite::State& state) noexcept;

// Whether a record can have these, and a file may: an external id that is well-formed and not empty, keys
// that are not empty, and room for all of it. Keys are sorted.
bool is_user(std::string_view external_id, std::span<const Tag> tags) noexcept;

// Whether the text of a JSON column is one that a decoder's views may be taken from: what it has between its
// quotes is then well-formed, too. NUL is no matter here, because canonical JSON has none.
bool is_well_formed(std::string_view json) noexcept;
bool is_well_formed(const model::Change& change) noexcept;   // each of its texts

// Replay: what entries of the log make of users, as records. Loading a file and following one both come to
// their records this way. One thread at a time.
class Replay {
 public:
  // The user that a creation makes, the version that a patch makes of the living user `before`, and the
  // tombstone that a deletion leaves. Null where the entry's texts cannot be read, where a creation has a user
  // before it, and where another change has none. Throw std::bad_alloc.
  model::RecordPtr next_version(const model::Change& change, const model::Record* before);
  model::RecordPtr patch(const model::Change& patch, const model::Record& before);

  // Whether its texts can be, for an entry of which no user is made. Throws std::bad_alloc.
  bool can_read(const model::Change& change);

 private:
  model::RecordPtr create(const model::Change& creation);
  model::RecordPtr erase(const model::Change& deletion, const model::Record& before);
  void look_up(const model::Record& before, std::span<const model::TagDelta> deltas);

  model::PatchDecoder decoder_;
  std::vector<model::TagDelta> deltas_;   // of the patch at hand, with what they take the place of
};

}   // namespace usertags::store
