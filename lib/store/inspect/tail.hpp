// Tail: what the log says of users beyond the fold, laid over their rows. It is read for a range of ordinals at
// a time, as wide as memory of a fixed size allows, so that a walk over all users takes no more than that,
// however long the tail is; the log is then read once for each range.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "model/change.hpp"
#include "model/record.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/state.hpp"
#include "store/load/replay.hpp"

namespace usertags::store {

class Tail {
 public:
  static constexpr std::size_t kBytes = std::size_t{16} << 20;

  // `bytes` is what patches may take, more or less; those of one user may always.
  explicit Tail(std::size_t bytes = kBytes) noexcept : most_bytes_(bytes) {}

  // Reads what there is of users with these ordinals, and of no others. Few of them: segments without a word
  // of them are passed over. Within the caller's transaction, as all that reads. Throws Failure, std::bad_alloc.
  void read_of(std::span<const std::uint32_t> ordinals, sqlite::Connection& connection,
               const sqlite::State& state);

  // Reads what there is of users from this ordinal on, up to end().
  void read_from(std::uint32_t first, sqlite::Connection& connection, const sqlite::State& state);
  std::uint64_t end() const noexcept { return end_; }   // the first ordinal that was not read
  bool has_ended() const noexcept { return end_ == kNoEnd; }

  // Makes of the row's user the one of the moment. Answers whether the log had more of it than its row. Throws
  // Failure where the log cannot be read, or std::bad_alloc.
  bool lay_over(model::RecordPtr& row);

  // Behind the last user before end(). Throws Failure (foreign_write) where the log spoke of one whose row was
  // not there.
  void expect_nothing_left() const;

 private:
  // All patches of one user in one: to apply a change again that a row has already does no harm.
  struct Patch {
    std::uint64_t revision = 0;
    std::string text;
    bool is_taken = false;   // its user's row was there
  };

  static constexpr std::uint64_t kNoEnd = std::uint64_t{1} << 32;   // behind every ordinal

  void add(const model::Change& change);
  void merge(Patch& patch, const model::Change& newer);
  void let_go_of_a_half();

  const std::size_t most_bytes_;
  std::uint64_t end_ = 0;
  std::size_t bytes_ = 0;
  boost::unordered_flat_map<std::uint32_t, Patch> patches_;   // by ordinal
  model::PatchDecoder older_;
  model::PatchDecoder newer_;
  Replay replay_;
};

}   // namespace usertags::store
