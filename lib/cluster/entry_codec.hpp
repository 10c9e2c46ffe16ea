// An entry as bytes. Numbers are 8 bytes, little-endian.
//
//   value  format · term · process (16) · nonce (16)
//          number · chain before · revision before · last token before · floors of log and tokens
//          version of the settings · the settings in their order
//          at · lived time · last id (16) · last ordinal · chain · digest (16)
//          segments · tokens · bytes of the body · parts
//          {XXH3-128 of a part (16)} for each part, or the body itself where there is none
//          XXH3-128 of all before
//   body   {first · last · bytes · text} for each segment
//          {ordinal · revision · changed · bytes · text · request (16)} for each token
//
// A value stays within what the log takes. Where the body is too large for it, it stands in parts of that size,
// which are put before the value, and which the value names by their hashes: a part that was lost, or belongs to
// another attempt, is noticed.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/log.hpp"
#include "store/write/outer_log.hpp"

namespace usertags::cluster {

// Who wrote an entry, and in which attempt.
struct Envelope {
  std::uint64_t format = kFormat;
  std::uint64_t term = 0;
  Id process{};
  Id nonce{};
  bool operator==(const Envelope&) const = default;
};

struct EncodedEntry {
  std::string value;
  std::string body;   // where it is in parts
  std::size_t parts = 0;
  std::size_t part_bytes = 0;

  std::string_view part(std::size_t index) const noexcept {
    return std::string_view(body).substr(index * part_bytes, part_bytes);
  }
};

// Throws std::bad_alloc.
EncodedEntry encode_entry(const Envelope& envelope, const store::Entry& entry,
                          std::size_t max_value_bytes = kMaxValueBytes);

struct DecodedEntry {
  Envelope envelope;
  store::Entry entry;
  std::unique_ptr<std::string> body;   // what the entry's views point to
};

// Answers the part of that index, of the entry and attempt that the value is of.
using FetchPart =
    std::function<Result<std::string>(const Envelope&, std::uint64_t number, std::uint64_t index)>;

// Proves hashes and form; the rest is judged by who applies the entry. Errors: corrupt_store, unsupported_format,
// and those of fetch. Throws std::bad_alloc.
Result<DecodedEntry> decode_entry(std::string_view value, const FetchPart& fetch);

// The envelope alone, of a value whose hash is right; else none.
std::optional<Envelope> envelope_of(std::string_view value) noexcept;

}   // namespace usertags::cluster
