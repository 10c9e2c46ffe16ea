// Coding of log entries and of the tags column: JSON with one canonical escaping.
//
//   creation   {"id":"user_…","external_id":"…","tags":{"key":"value",…}}
//   patch      {"tags":{"key":"value","removed key":null,…}}          RFC 7396, JSON Merge Patch
//   deletion   null
//   tags       {"key":"value",…}
//
// Canonical: no white space; members in the order shown, keys of tags sorted bytewise, each once; text as raw
// UTF-8, with \" \\ \b \f \n \r \t, and \u00xx in lowercase hexadecimal for the other control characters
// below U+0020, and no other escape; NUL is in no text. SQLite's json_patch() compares labels as they are
// written, so another spelling of a key would be another key to it: whatever is not canonical is refused when
// read.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/tag.hpp>

namespace usertags::model {

// One key's fate in a patch: a new value, or its removal.
struct TagDelta {
  std::string_view key;
  std::optional<std::string_view> value;
};

// Each appends to `out`. Input is sorted by key, each key once; a patch has at least one delta. They throw
// std::bad_alloc.
void append_tags(std::span<const Tag> tags, std::string& out);
void append_creation(std::string_view id, std::string_view external_id, std::span<const Tag> tags,
                     std::string& out);
void append_patch(std::span<const TagDelta> deltas, std::string& out);
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

  struct Creation {
    std::string_view id;
    std::string_view external_id;
    std::span<const Tag> tags;
  };
  std::optional<Creation> creation(std::string_view json);

 private:
  struct Scanner;

  std::vector<Tag> tags_;
  std::vector<TagDelta> deltas_;
  std::string unescaped_;   // reserved to the text's size before use, so that views into it stay valid
};

}   // namespace usertags::model
