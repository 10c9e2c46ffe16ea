#include "model/change.hpp"

#define XXH_INLINE_ALL   // short inputs: calling the library would cost as much as hashing them
#include <xxhash.h>

#include <bit>
#include <cassert>
#include <span>

#include "model/digest.hpp"

namespace usertags::model {

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

// --- What changes say of tags. ---

bool PatchDecoder::scan_tags(JsonScanner& scanner) {
  tags_.clear();
  return scanner.object([&](std::string_view key) {
    std::string_view value;
    if (!scanner.string(value)) return false;
    tags_.push_back({key, value});
    return true;
  });
}

namespace {

bool scan_value(JsonScanner& scanner, std::optional<std::string_view>& value) {
  value.reset();
  return scanner.literal("null") || scanner.string(value.emplace());
}

}   // namespace

bool PatchDecoder::scan_deltas(JsonScanner& scanner) {
  deltas_.clear();
  return scanner.object([&](std::string_view key) {
    return scan_value(scanner, deltas_.emplace_back(TagDelta{.key = key}).value);
  });
}

bool PatchDecoder::scan_before(JsonScanner& scanner) {
  auto delta = deltas_.begin();
  const bool is_read = scanner.object([&](std::string_view key) {
    if (delta == deltas_.end() || delta->key != key) return false;
    TagDelta& told = *delta++;
    return scan_value(scanner, told.before);
  });
  return is_read && delta == deltas_.end();
}

std::optional<std::span<const Tag>> PatchDecoder::tags(std::string_view json) {
  JsonScanner scanner(json, unescaped_);
  if (!scan_tags(scanner) || !scanner.finished()) return std::nullopt;
  return tags_;
}

std::optional<std::span<const TagDelta>> PatchDecoder::patch(std::string_view json) {
  JsonScanner scanner(json, unescaped_);
  if (!scanner.literal(R"({"tags":)") || !scan_deltas(scanner)) return std::nullopt;
  if (!scanner.literal("}") || !scanner.finished() || deltas_.empty()) return std::nullopt;
  return deltas_;
}

std::optional<std::span<const TagDelta>> PatchDecoder::patch(std::string_view json, std::string_view before) {
  if (!patch(json)) return std::nullopt;
  if (before.empty()) return deltas_;
  JsonScanner scanner(before, unescaped_before_);
  if (!scan_before(scanner) || !scanner.finished()) return std::nullopt;
  return deltas_;
}

std::optional<PatchDecoder::Creation> PatchDecoder::creation(std::string_view json) {
  JsonScanner scanner(json, unescaped_);
  Creation creation;
  if (!scanner.literal(R"({"id":)") || !scanner.string(creation.id)) return std::nullopt;
  if (!scanner.literal(R"(,"external_id":)") || !scanner.string(creation.external_id)) return std::nullopt;
  if (!scanner.literal(R"(,"tags":)") || !scan_tags(scanner)) return std::nullopt;
  if (!scanner.literal("}") || !scanner.finished()) return std::nullopt;
  creation.tags = tags_;
  return creation;
}

}   // namespace usertags::model
