// Change: an entry of the log, the one thing that a change of the store is.
#pragma once

#include <cstdint>
#include <string_view>

#include <usertags/change.hpp>

namespace usertags::model {

// The values are stored in column change.kind.
using usertags::ChangeKind;

// Views: whoever makes a Change keeps the text for as long as the Change is used.
struct Change {
  std::uint64_t revision = 0;
  std::uint32_t ordinal = 0;   // whose change
  std::uint64_t remaining =
      0;   // changes of the same transaction that follow; its last revision is revision + remaining
  std::int64_t at_ms = 0;      // Unix time; never before the change before it
  std::int64_t lived_ms = 0;   // likewise, but lived time of the store: from here its age counts
  ChangeKind kind = ChangeKind::patched;
  std::string_view patch;   // RFC 7396, canonical (merge_patch.hpp)
  std::string_view note;
};

// The log's chained checksum: XXH3-64 over the checksum of the entry before, then revision, ordinal,
// remaining, at_ms, lived_ms (8 bytes each, little-endian), kind (1 byte), then patch and note, each after
// its length (8 bytes, little-endian).
std::uint64_t chain_checksum(std::uint64_t previous, const Change& change) noexcept;

}   // namespace usertags::model
