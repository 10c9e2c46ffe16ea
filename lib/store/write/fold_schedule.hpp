// FoldSchedule: which users are patched in the log and not yet folded into their rows, and in which order
// they are folded.
//
// Users are folded in the order of their rows, in rounds over the whole table, so that one page is written
// once for many of them. The fold is complete up to the revision at which the last whole round began: each
// patch before it was still ahead of the round's position, and has been folded by it since.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

namespace usertags::store {

class FoldSchedule {
 public:
  // The state that a file was found in: complete up to `folded_revision`, with nothing marked.
  explicit FoldSchedule(std::uint64_t folded_revision = 0) noexcept
      : folded_revision_(folded_revision), round_revision_(folded_revision) {}

  // Room for the ordinal, so that mark() cannot fail. Throws std::bad_alloc.
  void reserve(std::uint32_t ordinal);
  void mark(std::uint32_t ordinal) noexcept;
  void unmark(std::uint32_t ordinal) noexcept;

  std::uint64_t backlog() const noexcept { return count_; }
  std::uint64_t folded_revision() const noexcept { return folded_revision_; }

  // The next users to fold. Nothing is changed until the step is taken.
  struct Step {
    std::vector<std::uint32_t> ordinals;
    std::uint64_t position = 0;   // where the round stands afterwards: 2^32 behind the last ordinal
    std::uint64_t round_revision = 0;
    std::uint64_t folded_revision = 0;   // how far the fold is complete with this step
  };
  // `revision`: the newest change that a fold can see. Throws std::bad_alloc.
  Step next(std::size_t count, std::uint64_t revision) const;
  // After the step is committed.
  void take(const Step& step) noexcept;

 private:
  // One bit an ordinal, for 65,536 of them. Where nobody was ever marked, there is no chunk: ordinals go up
  // to 2^32, however few users there are.
  static constexpr std::uint64_t kChunkBits = 65'536;
  struct Chunk {
    std::uint64_t marks = 0;   // set bits
    std::array<std::uint64_t, kChunkBits / 64> words{};
  };

  // The first marked ordinal at or after `from`.
  std::optional<std::uint32_t> first_marked(std::uint64_t from) const noexcept;
  static std::optional<std::uint64_t> first_marked(const Chunk& chunk, std::uint64_t from) noexcept;

  std::vector<std::unique_ptr<Chunk>> chunks_;
  std::uint64_t count_ = 0;
  std::uint64_t position_ = 0;
  std::uint64_t folded_revision_;
  std::uint64_t round_revision_;
};

}   // namespace usertags::store
