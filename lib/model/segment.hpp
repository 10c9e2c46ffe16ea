// Segments: the rows of the log. A segment holds the changes of one commit, or, of a large one, a part of
// them that ends with a transaction: a transaction is never torn apart.
//
// Its text is an array with one entry a change, in order and without a gap, so that an entry's place tells its
// revision. Canonical JSON (canonical_json.hpp); members that are empty are left out:
//
//   {"user":ORDINAL,"follows":N,"patch":PATCH,"before":{…},"note":"…"}
//
// `follows` is how many changes of the same transaction stand before it. PATCH tells the kind of the change
// (change.hpp). `before` is there with patches and deletions, unless they were adopted and nothing told it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "model/change.hpp"
#include "model/record.hpp"

namespace usertags::model {

// A segment that has come to this many bytes is not gone on with behind the end of a transaction.
inline constexpr std::size_t kSegmentBytes = std::size_t{64} << 10;

// Bytes that the entries of one transaction may come to.
inline constexpr std::size_t kMaxTransactionBytes = std::size_t{64} << 20;

// A view: whoever makes a Segment keeps the text for as long as it is used.
struct Segment {
  std::uint64_t first = 0;   // revisions
  std::uint64_t last = 0;
  std::int64_t at_ms = 0;       // Unix time; never before that of the segment before it
  std::int64_t lived_ms = 0;    // likewise, but lived time of the store: from here its age counts
  std::uint64_t checksum = 0;   // the log's chain, at its end
  std::string_view entries;

  // Whether it begins with this revision, behind a segment of that checksum.
  bool follows(std::uint64_t revision, std::uint64_t previous_checksum) const noexcept;
};

// The log's chain: XXH3-64 over the checksum of the segment before, then first, last, at_ms and lived_ms
// (8 bytes each, little-endian), then the text.
std::uint64_t chain_checksum(std::uint64_t previous, const Segment& segment) noexcept;

// A change as it is written. Of a creation, the user's tags are those of `after`; else `before` is null where
// nothing tells what was there.
struct EntryToWrite {
  ChangeKind kind = ChangeKind::patched;
  std::uint64_t follows = 0;
  const Record* before = nullptr;
  const Record* after = nullptr;
  std::span<const TagDelta> deltas;   // of a patch
  std::string_view note;
};

// Appends its text. Throws std::bad_alloc.
void append_entry(const EntryToWrite& entry, std::string& out);

// Tells a text that has no entry of a user from one that may have, or of no deletion: for looks at a
// segment that are not to cost the reading of it.
bool has_entry_of(std::uint32_t ordinal, const Segment& segment);
bool may_have_deletion(const Segment& segment) noexcept;

// Reads segments; reused, so that it allocates little. What it hands out points into the segment's text, or
// into the decoder, and is valid until its next call.
class SegmentDecoder {
 public:
  // None where the text is not one that a store writes, or has not as many entries as the segment has
  // revisions. Patches are passed over, and left to PatchDecoder. Throws std::bad_alloc.
  std::optional<std::span<const Change>> changes(const Segment& segment);

 private:
  bool entry(JsonScanner& scanner, Change& change, std::uint64_t& follows);
  void end_transaction(std::size_t end, std::uint64_t count) noexcept;

  std::vector<Change> changes_;
  std::string unescaped_;
};

}   // namespace usertags::model
