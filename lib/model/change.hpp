// What the log and table `token` hold: changes and tokens, and the coding of what changes say of tags
// (canonical_json.hpp). segment.hpp has the log's rows, which changes stand in.
//
//   creation   {"id":"user_…","external_id":"…","tags":{"key":"value",…}}
//   patch      {"tags":{"key":"value","removed key":null,…}}          RFC 7396, JSON Merge Patch
//   deletion   null
//   before     {"key":"value","key that was not there":null,…}        what patches and deletions took the place of
//   tags       {"key":"value",…}
#pragma once

#include <array>
#include <cassert>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/change.hpp>
#include <usertags/tag.hpp>

#include "model/canonical_json.hpp"

namespace usertags::model {

// Its values are those of column change.kind.
using usertags::ChangeKind;

// An entry of the log, the one thing that a change of the store is. Views, into the segment that it stands in
// and into whoever has read that (segment.hpp).
struct Change {
  std::uint64_t revision = 0;
  std::uint32_t ordinal = 0;     // whose change
  std::uint64_t remaining = 0;   // changes of its transaction that follow: it ends at revision + remaining
  std::int64_t at_ms = 0;        // Unix time; never before the change before it
  ChangeKind kind = ChangeKind::patched;
  std::string_view patch;    // RFC 7396, canonical (see above)
  std::string_view before;   // empty: of a creation; or nothing told, when it was adopted
  std::string_view note;
};

inline constexpr std::size_t kMaxTokenBytes = 128;

// XXH3-128 of what makes two requests the same one (store/write/request_digest.hpp), in its canonical form.
using RequestDigest = std::array<std::uint8_t, 16>;

// What the store remembers of a request that bore an idempotency token, so that it can answer the same
// request again as it did the first time (docs/semantics.md, "Idempotency tokens"). A view: whoever makes one
// keeps the text for as long as it is used.
struct Token {
  std::uint64_t seq = 0;        // tokens are numbered 1, 2, 3 … in the order of their commits
  std::uint32_t ordinal = 0;    // the user whom the answer shows, as it is by then; 0: none
  std::uint64_t revision = 0;   // the first answer's
  bool changed = false;         // likewise
  std::int64_t lived_ms = 0;    // lived time of the store, from which its age counts; never runs backwards
  std::string_view text;        // the token, 1 to kMaxTokenBytes bytes
  RequestDigest request{};
};

// What a row keeps of itself: XXH3-64 over seq, ordinal, revision, changed, lived_ms and the length of the
// text (8 bytes each, little-endian), the text, and the digest of the request.
std::uint64_t token_checksum(const Token& token) noexcept;

// One key's fate in a patch: a new value, or its removal; and what it had before, where that is known.
struct TagDelta {
  std::string_view key;
  std::optional<std::string_view> value{};
  std::optional<std::string_view> before{};   // none: it was not there
};

// Each appends to `out` (canonical_json.hpp). Input is sorted by key, each key once; a patch has at least one
// delta.
template <class Tags, class Out>   // of Tag
void append_tags(const Tags& tags, Out& out) {
  append_json_object(tags, out, [&](const Tag& tag) { append_json_string(tag.value, out); });
}
template <class Tags, class Out>   // likewise
void append_creation(std::string_view id, std::string_view external_id, const Tags& tags, Out& out) {
  out += R"({"id":)";
  append_json_string(id, out);
  out += R"(,"external_id":)";
  append_json_string(external_id, out);
  out += R"(,"tags":)";
  append_tags(tags, out);
  out += '}';
}
template <class Out>
void append_json_value(const std::optional<std::string_view>& value, Out& out) {   // none: null
  if (value) return append_json_string(*value, out);
  out += "null";
}
template <class Out>
void append_patch(std::span<const TagDelta> deltas, Out& out) {
  assert(!deltas.empty());
  out += R"({"tags":)";
  append_json_object(deltas, out, [&](const TagDelta& delta) { append_json_value(delta.value, out); });
  out += '}';
}
template <class Out>
void append_before(std::span<const TagDelta> deltas, Out& out) {
  append_json_object(deltas, out, [&](const TagDelta& delta) { append_json_value(delta.before, out); });
}
inline constexpr std::string_view kDeletionPatch = "null";

// Decoders are reused from row to row, so that loading allocates little. What a decoder hands out points
// into the text given, or into the decoder where an escape was undone, and is valid until its next call.
// They check form and order, and leave to the caller what the texts are: keys and values that follow the
// rules, well-formed UTF-8. They throw std::bad_alloc.
class PatchDecoder {
 public:
  // None where the text is not canonical.
  std::optional<std::span<const Tag>> tags(std::string_view json);
  std::optional<std::span<const TagDelta>> patch(std::string_view json);
  // With what was before, which is told of the same keys; an empty text tells nothing of any. Views into `before`,
  // never into a record.
  std::optional<std::span<const TagDelta>> patch(std::string_view json, std::string_view before);

  struct Creation {
    std::string_view id;
    std::string_view external_id;
    std::span<const Tag> tags;
  };
  std::optional<Creation> creation(std::string_view json);

 private:
  bool scan_tags(JsonScanner& scanner);
  bool scan_deltas(JsonScanner& scanner);
  bool scan_before(JsonScanner& scanner);

  std::vector<Tag> tags_;
  std::vector<TagDelta> deltas_;
  // Reserved to the text's size before use, so that views into them stay valid.
  std::string unescaped_;
  std::string unescaped_before_;
};

}   // namespace usertags::model
