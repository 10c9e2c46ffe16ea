#include "model/change.hpp"

#define XXH_INLINE_ALL   // short inputs: calling the library would cost as much as hashing them
#include <xxhash.h>

#include <bit>
#include <cassert>
#include <span>

#include "model/bytes.hpp"
#include "model/digest.hpp"
#include "model/text.hpp"

namespace usertags::model {
namespace {

// --- Checksums. ---

class Hash {
 public:
  Hash() noexcept { XXH3_64bits_reset(&state_); }

  void add(std::uint64_t number) noexcept { XXH3_64bits_update(&state_, &number, sizeof number); }
  void add(ChangeKind kind) noexcept { XXH3_64bits_update(&state_, &kind, sizeof kind); }
  void add(std::string_view text) noexcept {
    add(std::uint64_t{text.size()});
    XXH3_64bits_update(&state_, text.data(), text.size());
  }

  std::uint64_t value() const noexcept { return XXH3_64bits_digest(&state_); }

 private:
  XXH3_state_t state_;
};

}   // namespace

std::uint64_t chain_checksum(std::uint64_t previous, const Change& change) noexcept {
  const auto& [revision, ordinal, remaining, at_ms, lived_ms, kind, patch, note] = change;
  Hash hash;
  hash.add(previous);
  hash.add(revision);
  hash.add(std::uint64_t{ordinal});
  hash.add(remaining);
  hash.add(std::bit_cast<std::uint64_t>(at_ms));
  hash.add(std::bit_cast<std::uint64_t>(lived_ms));
  hash.add(kind);
  hash.add(patch);
  hash.add(note);
  return hash.value();
}

std::uint64_t token_checksum(const Token& token) noexcept {
  const auto& [seq, ordinal, revision, changed, lived_ms, text, request] = token;
  assert(text.size() <= kMaxTokenBytes);
  HashImage<6 * sizeof(std::uint64_t) + kMaxTokenBytes + sizeof(RequestDigest)> image;
  image.add(seq);
  image.add(ordinal);
  image.add(revision);
  image.add(std::uint64_t{changed});
  image.add(std::bit_cast<std::uint64_t>(lived_ms));
  image.add(text.size());
  image.add(std::span(reinterpret_cast<const std::uint8_t*>(text.data()), text.size()));
  image.add(request);
  return XXH3_64bits(image.bytes().data(), image.bytes().size());
}

namespace {

// --- JSON. foreign_tags.cpp reads more of it, and this nothing but what is canonical, as fast as loading asks. ---

constexpr std::uint8_t kFirstRaw = 0x20;   // what lies below is a control character, written with an escape

constexpr bool is_special(char c) noexcept {
  return c == '"' || c == '\\' || static_cast<std::uint8_t>(c) < kFirstRaw;
}

// The first character that cannot stand for itself in a JSON string; `end` where there is none.
const char* find_special(const char* at, const char* end) noexcept {
  while (end - at >= 8) {
    const Word word = load_word(at);
    const Word special = bytes_equal(word, '"') | bytes_equal(word, '\\') | bytes_below(word, kFirstRaw);
    if (special != 0) return at + first_byte(special);
    at += 8;
  }
  while (at != end && !is_special(*at)) ++at;
  return at;
}

// The letter of a two-character escape; NUL for characters that have none.
constexpr char short_escape(char c) noexcept {
  switch (c) {
    case '"': return '"';
    case '\\': return '\\';
    case '\b': return 'b';
    case '\f': return 'f';
    case '\n': return 'n';
    case '\r': return 'r';
    case '\t': return 't';
    default: return '\0';
  }
}

constexpr char undo_short_escape(char letter) noexcept {
  switch (letter) {
    case '"': return '"';
    case '\\': return '\\';
    case 'b': return '\b';
    case 'f': return '\f';
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    default: return '\0';
  }
}

void append_escape(char c, std::string& out) {
  assert(c != '\0');
  out += '\\';
  if (const char letter = short_escape(c); letter != '\0') {
    out += letter;
    return;
  }
  out += "u00";
  append_hex(static_cast<std::uint8_t>(c), out);
}

void append_string(std::string_view text, std::string& out) {
  const char* at = text.data();
  const char* const end = at + text.size();
  out += '"';
  for (;;) {
    const char* const special = find_special(at, end);
    out.append(at, special);
    if (special == end) break;
    append_escape(*special, out);
    at = special + 1;
  }
  out += '"';
}

// Appends the members between their braces; value(entry) appends the text of one value.
template <class Entry, class AppendValue>
void append_object(std::span<const Entry> entries, std::string& out, AppendValue append_value) {
  out += '{';
  bool first = true;
  for (const Entry& entry : entries) {
    if (!first) out += ',';
    first = false;
    append_string(entry.key, out);
    out += ':';
    append_value(entry);
  }
  out += '}';
}

}   // namespace

void append_tags(std::span<const Tag> tags, std::string& out) {
  append_object(tags, out, [&](const Tag& tag) { append_string(tag.value, out); });
}

void append_creation(std::string_view id, std::string_view external_id, std::span<const Tag> tags,
                     std::string& out) {
  out += R"({"id":)";
  append_string(id, out);
  out += R"(,"external_id":)";
  append_string(external_id, out);
  out += R"(,"tags":)";
  append_tags(tags, out);
  out += '}';
}

void append_patch(std::span<const TagDelta> deltas, std::string& out) {
  assert(!deltas.empty());
  out += R"({"tags":)";
  append_object(deltas, out, [&](const TagDelta& delta) {
    if (delta.value) {
      append_string(*delta.value, out);
    } else {
      out += "null";
    }
  });
  out += '}';
}

// Walks a text from its beginning to its end. Each function takes what it names, or answers false (or none)
// and leaves the scanner where it is of no more use.
struct PatchDecoder::Scanner {
  Scanner(std::string_view json, std::string& undone)
      : at(json.data()), end(at + json.size()), size(json.size()), unescaped(undone) {
    unescaped.clear();
  }

  bool literal(std::string_view expected) noexcept {
    if (!std::string_view(at, end).starts_with(expected)) return false;
    at += expected.size();
    return true;
  }

  bool finished() const noexcept { return at == end; }

  bool string(std::string_view& out) {
    if (!literal("\"")) return false;
    const char* const begin = at;
    at = find_special(at, end);
    if (at == end) return false;
    if (*at != '"') return escaped_string(begin, out);
    out = {begin, at};
    ++at;
    return true;
  }

  // The rest of a string in which an escape (or what may not be there) was met.
  bool escaped_string(const char* begin, std::string_view& out) {
    unescaped.reserve(size);   // never again during this text: what has been handed out stays where it is
    const std::size_t start = unescaped.size();
    for (;;) {
      unescaped.append(begin, at);
      if (literal("\"")) break;
      if (!literal("\\") || !escape()) return false;
      begin = at;
      at = find_special(at, end);
    }
    out = std::string_view(unescaped).substr(start);
    return true;
  }

  bool escape() {
    if (at == end) return false;
    const char letter = *at++;
    const char c = letter == 'u' ? control_character() : undo_short_escape(letter);
    if (c == '\0') return false;
    unescaped += c;
    return true;
  }

  // The character of \u00xx; NUL for any that is not to be written so.
  char control_character() noexcept {
    if (!literal("00") || end - at < 2) return '\0';
    const std::size_t high = kHexDigits.find(*at++);
    const std::size_t low = kHexDigits.find(*at++);
    if (high > 1 || low == std::string_view::npos) return '\0';
    const auto c = static_cast<char>(high << 4 | low);
    return short_escape(c) == '\0' ? c : '\0';
  }

  // An object whose keys ascend; member(key) takes one value.
  template <class Member>
  bool object(Member member) {
    if (!literal("{")) return false;
    if (literal("}")) return true;
    std::string_view key;
    if (!string(key) || !literal(":") || !member(key)) return false;
    while (literal(",")) {
      const std::string_view previous = key;
      if (!string(key) || key <= previous || !literal(":") || !member(key)) return false;
    }
    return literal("}");
  }

  bool tags(std::vector<Tag>& out) {
    out.clear();
    return object([&](std::string_view key) {
      std::string_view value;
      if (!string(value)) return false;
      out.push_back({key, value});
      return true;
    });
  }

  bool deltas(std::vector<TagDelta>& out) {
    out.clear();
    return object([&](std::string_view key) {
      std::string_view value;
      const bool removed = literal("null");
      if (!removed && !string(value)) return false;
      out.push_back({key, removed ? std::nullopt : std::optional(value)});
      return true;
    });
  }

  const char* at;
  const char* end;
  std::size_t size;
  std::string& unescaped;
};

std::optional<std::span<const Tag>> PatchDecoder::tags(std::string_view json) {
  Scanner scanner(json, unescaped_);
  if (!scanner.tags(tags_) || !scanner.finished()) return std::nullopt;
  return tags_;
}

std::optional<std::span<const TagDelta>> PatchDecoder::patch(std::string_view json) {
  Scanner scanner(json, unescaped_);
  if (!scanner.literal(R"({"tags":)") || !scanner.deltas(deltas_)) return std::nullopt;
  if (!scanner.literal("}") || !scanner.finished() || deltas_.empty()) return std::nullopt;
  return deltas_;
}

std::optional<PatchDecoder::Creation> PatchDecoder::creation(std::string_view json) {
  Scanner scanner(json, unescaped_);
  Creation creation;
  if (!scanner.literal(R"({"id":)") || !scanner.string(creation.id)) return std::nullopt;
  if (!scanner.literal(R"(,"external_id":)") || !scanner.string(creation.external_id)) return std::nullopt;
  if (!scanner.literal(R"(,"tags":)") || !scanner.tags(tags_)) return std::nullopt;
  if (!scanner.literal("}") || !scanner.finished()) return std::nullopt;
  creation.tags = tags_;
  return creation;
}

}   // namespace usertags::model
