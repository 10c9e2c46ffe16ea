// Segments of the log, made by hand.
#pragma once

#include <cstdint>
#include <span>
#include <string>

#include "model/segment.hpp"

namespace usertags::test {

// The text of a segment with these changes, whose transactions are told by `remaining`.
inline std::string entries_of(std::span<const model::Change> changes) {
  std::string text = "[";
  std::uint64_t follows = 0;
  for (const model::Change& change : changes) {
    if (text.size() > 1) text += ',';
    text += R"({"user":)" + std::to_string(change.ordinal);
    if (follows != 0) text += R"(,"follows":)" + std::to_string(follows);
    text.append(R"(,"patch":)").append(change.patch);
    if (!change.before.empty()) text.append(R"(,"before":)").append(change.before);
    if (!change.note.empty()) {
      text += R"(,"note":)";
      model::append_json_string(change.note, text);
    }
    text += '}';
    follows = change.remaining == 0 ? 0 : follows + 1;
  }
  return text + ']';
}

// A segment of these changes, in a text that outlives it.
inline model::Segment segment_of(std::span<const model::Change> changes, const std::string& entries,
                                 std::uint64_t checksum = 0) {
  return {.first = changes.front().revision,
          .last = changes.back().revision,
          .at_ms = changes.front().at_ms,
          .checksum = checksum,
          .entries = entries};
}

}   // namespace usertags::test
