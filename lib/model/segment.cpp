#include "model/segment.hpp"

#define XXH_INLINE_ALL   // most are short
#include <xxhash.h>

#include <bit>
#include <cassert>
#include <cstring>
#include <limits>

#include "model/digest.hpp"
#include "model/typeid.hpp"

namespace usertags::model {

// All members are named, here and below, so that a new one does not compile before it has its place.
std::uint64_t chain_checksum(std::uint64_t previous, const Segment& segment) noexcept {
  const auto& [first, last, at_ms, lived_ms, its_own, entries] = segment;
  HashImage<5 * sizeof(std::uint64_t)> head;
  head.add(previous);
  head.add(first);
  head.add(last);
  head.add(std::bit_cast<std::uint64_t>(at_ms));
  head.add(std::bit_cast<std::uint64_t>(lived_ms));
  XXH3_state_t state;
  XXH3_64bits_reset(&state);
  XXH3_64bits_update(&state, head.bytes().data(), head.bytes().size());
  XXH3_64bits_update(&state, entries.data(), entries.size());
  return XXH3_64bits_digest(&state);
}

bool Segment::follows(std::uint64_t revision, std::uint64_t previous_checksum) const noexcept {
  return first == revision && checksum == chain_checksum(previous_checksum, *this);
}

namespace {

constexpr std::string_view kUser = R"({"user":)";
constexpr std::string_view kFollows = R"(,"follows":)";
constexpr std::string_view kPatch = R"(,"patch":)";
constexpr std::string_view kBefore = R"(,"before":)";
constexpr std::string_view kNote = R"(,"note":)";

bool has(std::string_view text, std::string_view part) noexcept {   // faster than find()
  return memmem(text.data(), text.size(), part.data(), part.size()) != nullptr;
}

// What an entry of one tag has beside texts and numbers, and more.
constexpr std::size_t kMaxFrameBytes = 128;
// Quotes, colons and commas of a tag, or `null`, twice.
constexpr std::size_t kMaxTagFrameBytes = 24;

std::size_t bound_of(const Record& record) noexcept {
  std::size_t bytes = record.external_id().size() + kUserIdBytes;
  std::size_t tags = 0;
  for (const Tag& tag : record) {
    bytes += tag.key.size() + tag.value.size();
    ++tags;
  }
  return json_string_bound(bytes) + tags * kMaxTagFrameBytes;
}

// The most bytes that its text comes to.
std::size_t bound_of(const EntryToWrite& entry) noexcept {
  std::size_t bytes = kMaxFrameBytes + 2 * kMaxNumberBytes + json_string_bound(entry.note.size());
  if (entry.kind == ChangeKind::created) return bytes + bound_of(*entry.after);
  if (entry.kind == ChangeKind::deleted)
    return entry.before == nullptr ? bytes : bytes + bound_of(*entry.before);
  for (const TagDelta& delta : entry.deltas) {
    const std::size_t values = delta.value.value_or("").size() + delta.before.value_or("").size();
    bytes += json_string_bound(2 * delta.key.size() + values) + kMaxTagFrameBytes;
  }
  return bytes;
}

void write(const EntryToWrite& entry, TextInPlace& out) {
  const auto& [kind, follows, before, after, deltas, note] = entry;
  out += kUser;
  append_json_number(after->ordinal(), out);
  if (follows != 0) {
    out += kFollows;
    append_json_number(follows, out);
  }
  out += kPatch;
  switch (kind) {
    case ChangeKind::created: {
      const UserId id = after->id();
      append_creation(id, after->external_id(), *after, out);
      break;
    }
    case ChangeKind::patched:
      append_patch(deltas, out);
      if (before == nullptr) break;
      out += kBefore;
      append_before(deltas, out);
      break;
    case ChangeKind::deleted:
      out += kDeletionPatch;
      if (before == nullptr) break;
      out += kBefore;
      append_tags(*before, out);
  }
  if (!note.empty()) {
    out += kNote;
    append_json_string(note, out);
  }
  out += '}';
}

}   // namespace

void append_entry(const EntryToWrite& entry, std::string& out) {
  const std::size_t begin = out.size();
  const std::size_t bound = begin + bound_of(entry) + TextInPlace::kSlack;
  out.resize_and_overwrite(bound, [&](char* text, std::size_t) {
    TextInPlace at(text + begin);
    write(entry, at);
    assert(at.end() + TextInPlace::kSlack <= text + bound);
    return static_cast<std::size_t>(at.end() - text);
  });
}

// In no text of a tag: its quotes would have backslashes before them; and no value of a tag is a number.
bool has_entry_of(std::uint32_t ordinal, const Segment& segment) {
  std::string beginning(kUser);
  append_json_number(ordinal, beginning);
  beginning += ',';
  return has(segment.entries, beginning);
}

// A tag of the name "patch" that was removed looks the same.
bool may_have_deletion(const Segment& segment) noexcept {
  return has(segment.entries, R"(,"patch":null)");
}

std::optional<std::span<const Change>> SegmentDecoder::changes(const Segment& segment) {
  const std::uint64_t others = segment.last - segment.first;   // besides the first
  if (segment.last < segment.first || others >= segment.entries.size()) return std::nullopt;
  changes_.clear();
  JsonScanner scanner(segment.entries, unescaped_);
  std::uint64_t length = 0;   // of the transaction so far
  bool goes_on = scanner.literal("[");
  while (goes_on) {
    if (changes_.size() > others) return std::nullopt;
    Change& change = changes_.emplace_back();
    change.revision = segment.first + (changes_.size() - 1);
    change.at_ms = segment.at_ms;
    std::uint64_t follows = 0;
    if (!entry(scanner, change, follows) || (follows != 0 && follows != length)) return std::nullopt;
    if (follows == 0) end_transaction(changes_.size() - 1, length);
    length = follows + 1;
    goes_on = scanner.literal(",");
  }
  if (changes_.size() != others + 1 || !scanner.literal("]") || !scanner.finished()) return std::nullopt;
  end_transaction(changes_.size(), length);
  return changes_;
}

// Of so many changes, up to a place.
void SegmentDecoder::end_transaction(std::size_t end, std::uint64_t count) noexcept {
  for (std::uint64_t remaining = 0; remaining < count; ++remaining)
    changes_[end - 1 - remaining].remaining = remaining;
}

bool SegmentDecoder::entry(JsonScanner& scanner, Change& change, std::uint64_t& follows) {
  std::uint64_t ordinal = 0;
  if (!scanner.literal(kUser) || !scanner.number(ordinal)) return false;
  if (ordinal == 0 || ordinal > std::numeric_limits<std::uint32_t>::max()) return false;
  change.ordinal = static_cast<std::uint32_t>(ordinal);
  if (scanner.literal(kFollows) && (!scanner.number(follows) || follows == 0)) return false;
  if (!scanner.literal(kPatch)) return false;
  if (scanner.literal(kDeletionPatch)) {
    change.patch = kDeletionPatch;
    change.kind = ChangeKind::deleted;
  } else {
    if (!scanner.object_text(change.patch)) return false;
    change.kind = change.patch.starts_with(R"({"id":)") ? ChangeKind::created : ChangeKind::patched;
  }
  if (scanner.literal(kBefore)) {
    if (change.kind == ChangeKind::created || !scanner.object_text(change.before)) return false;
  }
  if (scanner.literal(kNote) && (!scanner.string(change.note) || change.note.empty())) return false;
  return scanner.literal("}");
}

}   // namespace usertags::model
