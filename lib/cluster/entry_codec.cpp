#include "cluster/entry_codec.hpp"

#include <xxhash.h>

#include <algorithm>
#include <array>
#include <bit>
#include <concepts>
#include <limits>
#include <optional>
#include <utility>

#include "model/bytes.hpp"
#include "model/settings.hpp"

namespace usertags::cluster {
namespace {

using store::Entry;

constexpr std::size_t kHashBytes = 16;
// What a group may come to (a transaction of 64 MiB, and what stands before it) leaves plenty of room.
constexpr std::uint64_t kMaxParts = 256;

Id hash_of(std::string_view bytes) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  Id id;
  model::store_number(hash.low64, id.data());
  model::store_number(hash.high64, id.data() + 8);
  return id;
}

// --- Writing. ---

void put(std::uint64_t number, std::string& out) {
  model::append_number(number, out);
}
void put(std::int64_t number, std::string& out) {
  model::append_number(std::bit_cast<std::uint64_t>(number), out);
}
void put(const std::array<std::uint8_t, 16>& bytes, std::string& out) {
  out.append(reinterpret_cast<const char*>(bytes.data()), bytes.size());
}
void put(std::string_view text, std::string& out) {
  put(std::uint64_t{text.size()}, out);
  out += text;
}

std::string body_of(const Entry& entry) {
  std::string body;
  std::size_t bytes = 0;
  for (const Entry::Text& segment : entry.segments) bytes += segment.entries.size() + 24;
  for (const model::Token& token : entry.tokens) bytes += token.text.size() + 48;
  body.reserve(bytes);
  for (const Entry::Text& segment : entry.segments) {
    put(segment.first, body);
    put(segment.last, body);
    put(segment.entries, body);
  }
  for (const model::Token& token : entry.tokens) {
    put(std::uint64_t{token.ordinal}, body);
    put(token.revision, body);
    put(std::uint64_t{token.changed}, body);
    put(token.text, body);
    put(token.request, body);
  }
  return body;
}

// --- Reading. ---

class Bytes {
 public:
  explicit Bytes(std::string_view bytes) noexcept : rest_(bytes) {}

  bool get(std::uint64_t& number) noexcept {
    const auto bytes = take(sizeof number);
    if (bytes) number = model::load_number<std::uint64_t>(bytes->data());
    return bytes.has_value();
  }
  bool get(std::int64_t& number) noexcept {   // none is negative
    std::uint64_t bits = 0;
    if (!get(bits) || bits > std::uint64_t{std::numeric_limits<std::int64_t>::max()}) return false;
    number = static_cast<std::int64_t>(bits);
    return true;
  }
  bool get(std::uint32_t& number) noexcept {
    std::uint64_t wide = 0;
    if (!get(wide) || wide > std::numeric_limits<std::uint32_t>::max()) return false;
    number = static_cast<std::uint32_t>(wide);
    return true;
  }
  bool get(bool& yes) noexcept {
    std::uint64_t wide = 0;
    if (!get(wide) || wide > 1) return false;
    yes = wide == 1;
    return true;
  }
  bool get(std::array<std::uint8_t, 16>& id) noexcept {
    const auto bytes = take(id.size());
    if (bytes) std::ranges::copy(*bytes, reinterpret_cast<char*>(id.data()));
    return bytes.has_value();
  }
  bool get(std::string_view& text) noexcept {
    std::uint64_t size = 0;
    if (!get(size)) return false;
    const auto bytes = take(size);
    if (bytes) text = *bytes;
    return bytes.has_value();
  }
  std::string_view rest() const noexcept { return rest_; }

 private:
  std::optional<std::string_view> take(std::uint64_t size) noexcept {
    if (size > rest_.size()) return std::nullopt;
    const std::string_view taken = rest_.substr(0, size);
    rest_.remove_prefix(size);
    return taken;
  }

  std::string_view rest_;
};

// How the body stands behind the fixed part.
struct Extent {
  std::uint64_t segments = 0;
  std::uint64_t tokens = 0;
  std::uint64_t bytes = 0;
  std::uint64_t parts = 0;
};

bool get(Bytes& bytes, Envelope& envelope) noexcept {
  return bytes.get(envelope.format) && bytes.get(envelope.term) && bytes.get(envelope.process) &&
         bytes.get(envelope.nonce);
}

bool get(Bytes& bytes, StoredSettings& settings) noexcept {
  model::SettingValues values{};
  if (!bytes.get(settings.version)) return false;
  for (std::size_t i = 0; i < values.size(); ++i) {
    if (!bytes.get(values[i]) || !model::kSettingFields[i].allows(values[i])) return false;
  }
  static_cast<Settings&>(settings) = model::settings_of(values);
  return true;
}

bool get(Bytes& bytes, Entry& entry) noexcept {
  return bytes.get(entry.number) && bytes.get(entry.chain_before) && bytes.get(entry.revision_before) &&
         bytes.get(entry.last_token_before) && bytes.get(entry.floors.log) &&
         bytes.get(entry.floors.tokens) && get(bytes, entry.settings) && bytes.get(entry.at_ms) &&
         bytes.get(entry.lived_ms) && bytes.get(entry.last_id) && bytes.get(entry.last_ordinal) &&
         bytes.get(entry.chain);
}

bool get(Bytes& bytes, Extent& extent) noexcept {
  return bytes.get(extent.segments) && bytes.get(extent.tokens) && bytes.get(extent.bytes) &&
         bytes.get(extent.parts) && extent.parts <= kMaxParts;
}

bool get_body(Bytes& bytes, const Extent& extent, Entry& entry) {
  for (std::uint64_t i = 0; i < extent.segments; ++i) {
    Entry::Text segment;
    if (!bytes.get(segment.first) || !bytes.get(segment.last) || !bytes.get(segment.entries)) return false;
    entry.segments.push_back(segment);
  }
  for (std::uint64_t i = 0; i < extent.tokens; ++i) {
    model::Token token;
    if (!bytes.get(token.ordinal) || !bytes.get(token.revision) || !bytes.get(token.changed) ||
        !bytes.get(token.text) || !bytes.get(token.request))
      return false;
    entry.tokens.push_back(token);
  }
  return bytes.rest().empty();
}

std::unexpected<Error> damaged() {
  return std::unexpected(
      Error(ErrorCode::corrupt_store,
            Error::Details{.what = "an entry of the log is damaged", .remedy = "look into the log"}));
}

// What stands before the hash of it all; none where that is wrong.
std::optional<std::string_view> proved(std::string_view value) noexcept {
  if (value.size() < kHashBytes) return std::nullopt;
  const std::string_view bytes = value.substr(0, value.size() - kHashBytes);
  Id hash{};
  Bytes end(value.substr(bytes.size()));
  return end.get(hash) && hash == hash_of(bytes) ? std::optional(bytes) : std::nullopt;
}

Result<std::string> fetch_body(Bytes& hashes, const Extent& extent, const Envelope& envelope,
                               std::uint64_t number, const FetchPart& fetch) {
  if (extent.parts == 0) return std::string(hashes.rest());
  std::string body;
  for (std::uint64_t i = 0; i < extent.parts; ++i) {
    Id hash{};
    if (!hashes.get(hash)) return damaged();
    auto part = fetch(envelope, number, i);
    if (!part) return std::unexpected(std::move(part).error());
    if (hash_of(*part) != hash) return damaged();
    body += *part;
  }
  if (!hashes.rest().empty()) return damaged();
  return body;
}

}   // namespace

EncodedEntry encode_entry(const Envelope& envelope, const Entry& entry, std::size_t max_value_bytes) {
  EncodedEntry encoded{.value = {}, .body = {}, .part_bytes = max_value_bytes};
  std::string& value = encoded.value;
  put(envelope.format, value);
  put(envelope.term, value);
  put(envelope.process, value);
  put(envelope.nonce, value);
  put(entry.number, value);
  put(entry.chain_before, value);
  put(entry.revision_before, value);
  put(entry.last_token_before, value);
  put(entry.floors.log, value);
  put(entry.floors.tokens, value);
  put(entry.settings.version, value);
  for (const std::int64_t setting : model::values_of(entry.settings)) put(setting, value);
  put(entry.at_ms, value);
  put(entry.lived_ms, value);
  put(entry.last_id, value);
  put(std::uint64_t{entry.last_ordinal}, value);
  put(entry.chain, value);
  put(entry.digest.bytes(), value);

  encoded.body = body_of(entry);
  const std::size_t fixed = value.size() + 4 * sizeof(std::uint64_t) + kHashBytes;
  if (fixed + encoded.body.size() > max_value_bytes)
    encoded.parts = (encoded.body.size() + max_value_bytes - 1) / max_value_bytes;
  put(std::uint64_t{entry.segments.size()}, value);
  put(std::uint64_t{entry.tokens.size()}, value);
  put(std::uint64_t{encoded.body.size()}, value);
  put(std::uint64_t{encoded.parts}, value);
  for (std::size_t i = 0; i < encoded.parts; ++i) put(hash_of(encoded.part(i)), value);
  if (encoded.parts == 0) value += std::exchange(encoded.body, {});
  put(hash_of(value), value);
  return encoded;
}

Result<DecodedEntry> decode_entry(std::string_view value, const FetchPart& fetch) {
  const auto proof = proved(value);
  if (!proof) return damaged();
  DecodedEntry decoded;
  Bytes bytes(*proof);
  if (!get(bytes, decoded.envelope)) return damaged();
  if (decoded.envelope.format > kFormat) {
    return std::unexpected(Error(
        ErrorCode::unsupported_format,
        Error::Details{.what = "an entry of the log is of format " + std::to_string(decoded.envelope.format),
                       .remedy = "use the usertags that the cluster was raised to"}));
  }
  Extent extent;
  std::array<std::uint8_t, 16> digest{};
  if (!get(bytes, decoded.entry) || !bytes.get(digest) || !get(bytes, extent)) return damaged();
  decoded.entry.digest = model::Digest::from_bytes(digest);
  auto body = fetch_body(bytes, extent, decoded.envelope, decoded.entry.number, fetch);
  if (!body) return std::unexpected(std::move(body).error());
  if (body->size() != extent.bytes) return damaged();
  decoded.body = std::make_unique<std::string>(*std::move(body));
  Bytes texts(*decoded.body);
  if (!get_body(texts, extent, decoded.entry)) return damaged();
  return decoded;
}

std::optional<Envelope> envelope_of(std::string_view value) noexcept {
  Envelope envelope;
  const auto proof = proved(value);
  if (!proof) return std::nullopt;
  Bytes bytes(*proof);
  return get(bytes, envelope) ? std::optional(envelope) : std::nullopt;
}

}   // namespace usertags::cluster
