// FoldedRows: what rows of table `user` are going to have when they are folded. Those that come with the next commit are
// made by the companion, while the leader judges: their records are cold, and text and checksum are a good part of what a
// fold costs.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "index/projection.hpp"
#include "sqlite/user_fold.hpp"

namespace usertags::store {

// Used under the lead only. From begin() to finish() nothing may be published.
class FoldedRows final : private index::Companion::Work {
 public:
  explicit FoldedRows(index::Projection& projection) noexcept : projection_(projection) {}
  FoldedRows(const FoldedRows&) = delete;
  FoldedRows& operator=(const FoldedRows&) = delete;
  ~FoldedRows() override { finish(); }

  // Begins to make the rows of these users, as they are published at the revision.
  void begin(std::vector<std::uint32_t>&& ordinals, std::uint64_t revision) noexcept;
  void finish() noexcept;

  // Calls write(rows) with those of the users, as they are at the revision, some at a time; what is not made yet is made
  // now. Throws std::bad_alloc, and what the function throws.
  template <class Write>
  void visit(std::span<const std::uint32_t> ordinals, std::uint64_t revision, Write&& write) {
    const std::span<const sqlite::UserFold::Row> made = made_of(ordinals, revision);
    if (!made.empty()) write(made);
    for (ordinals = ordinals.subspan(made.size()); !ordinals.empty();) {
      ordinals = ordinals.subspan(make(ordinals, revision));
      write(std::span<const sqlite::UserFold::Row>(rows_));
    }
  }

 private:
  // Texts that are kept at once, unless one user has more.
  static constexpr std::size_t kMaxTextBytes = std::size_t{1} << 20;

  void run() noexcept override;
  // Of the first of them, as many as fit; answers of how many. Throws std::bad_alloc.
  std::size_t make(std::span<const std::uint32_t> ordinals, std::uint64_t revision);
  std::span<const sqlite::UserFold::Row> made_of(std::span<const std::uint32_t> ordinals,
                                                 std::uint64_t revision) noexcept;

  index::Projection& projection_;
  std::uint64_t begun_ = 0;                // with the companion, when it got these to make
  std::vector<std::uint32_t> ordinals_;    // their users, …
  std::uint64_t revision_ = 0;             // … and of when they are
  std::optional<std::uint64_t> made_at_;   // of when the rows are that are here; none: they are of no use
  std::vector<sqlite::UserFold::Row> rows_;
  std::string text_;   // of the rows, one behind the other
};

}   // namespace usertags::store
