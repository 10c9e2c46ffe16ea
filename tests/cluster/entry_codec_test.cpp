#include "cluster/entry_codec.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "support/answers.hpp"

namespace usertags::cluster {
namespace {

using test::must;

const Envelope kEnvelope{.term = 3, .process = {1}, .nonce = {2}};

store::Entry some_entry(std::string_view text) {
  store::Entry entry{
      .number = 7, .chain_before = ~std::uint64_t{0}, .revision_before = 40, .last_token_before = 2};
  entry.floors = {5, 2};
  entry.segments = {{41, 42, "[first]"}, {43, 43, text}};
  entry.tokens = {{.seq = 3, .ordinal = 9, .revision = 41, .changed = true, .text = "token", .request = {4}},
                  {.seq = 4, .text = "second"}};
  entry.settings.version = 6;
  entry.settings.tags_per_user = 300;
  entry.at_ms = 1'000;
  entry.lived_ms = 50;
  entry.last_id = {8};
  entry.last_ordinal = 9;
  entry.chain = 0xfedcba9876543210;
  entry.digest = {10, 11};
  return entry;
}

void expect_same(const store::Entry& left, const store::Entry& right) {
  EXPECT_EQ(left.number, right.number);
  EXPECT_EQ(left.chain_before, right.chain_before);
  EXPECT_EQ(left.revision_before, right.revision_before);
  EXPECT_EQ(left.last_token_before, right.last_token_before);
  EXPECT_EQ(left.floors, right.floors);
  EXPECT_EQ(left.settings, right.settings);
  EXPECT_EQ(left.at_ms, right.at_ms);
  EXPECT_EQ(left.lived_ms, right.lived_ms);
  EXPECT_EQ(left.last_id, right.last_id);
  EXPECT_EQ(left.last_ordinal, right.last_ordinal);
  EXPECT_EQ(left.chain, right.chain);
  EXPECT_EQ(left.digest, right.digest);
  ASSERT_EQ(left.segments.size(), right.segments.size());
  for (std::size_t i = 0; i < left.segments.size(); ++i) {
    EXPECT_EQ(left.segments[i].first, right.segments[i].first);
    EXPECT_EQ(left.segments[i].last, right.segments[i].last);
    EXPECT_TRUE(left.segments[i].entries == right.segments[i].entries);
  }
  ASSERT_EQ(left.tokens.size(), right.tokens.size());
  for (std::size_t i = 0; i < left.tokens.size(); ++i) {
    EXPECT_EQ(left.tokens[i].ordinal, right.tokens[i].ordinal);
    EXPECT_EQ(left.tokens[i].revision, right.tokens[i].revision);
    EXPECT_EQ(left.tokens[i].changed, right.tokens[i].changed);
    EXPECT_EQ(left.tokens[i].text, right.tokens[i].text);
    EXPECT_EQ(left.tokens[i].request, right.tokens[i].request);
  }
}

TEST(EntryCodec, EntriesComeBackAsTheyWere) {
  const EncodedEntry encoded = encode_entry(kEnvelope, some_entry("[second]"));
  EXPECT_EQ(encoded.parts, 0U);
  const DecodedEntry decoded = must(decode_entry(encoded.value, {}));
  EXPECT_EQ(decoded.envelope, kEnvelope);
  EXPECT_EQ(envelope_of(encoded.value), kEnvelope);
  expect_same(decoded.entry, some_entry("[second]"));
}

TEST(EntryCodec, LargeEntriesStandInParts) {
  const std::string text(5 * kMaxValueBytes / 2, 'x');
  const EncodedEntry encoded = encode_entry(kEnvelope, some_entry(text));
  EXPECT_EQ(encoded.parts, 3U);
  EXPECT_LE(encoded.value.size(), 1'000U);
  std::vector<std::string> parts;
  for (std::size_t i = 0; i < encoded.parts; ++i) {
    parts.emplace_back(encoded.part(i));
    EXPECT_LE(parts.back().size(), kMaxValueBytes);
  }
  const auto fetch = [&](const Envelope& envelope, std::uint64_t number,
                         std::uint64_t index) -> Result<std::string> {
    EXPECT_EQ(envelope.nonce, kEnvelope.nonce);
    EXPECT_EQ(number, 7U);
    return parts.at(index);
  };
  expect_same(must(decode_entry(encoded.value, fetch)).entry, some_entry(text));
  std::swap(parts[0], parts[1]);
  EXPECT_EQ(test::code_of(decode_entry(encoded.value, fetch)), ErrorCode::corrupt_store);
  const auto silent = [](const Envelope&, std::uint64_t, std::uint64_t) -> Result<std::string> {
    return std::unexpected(Error(ErrorCode::timeout));
  };
  EXPECT_EQ(test::code_of(decode_entry(encoded.value, silent)), ErrorCode::timeout);
}

// A value just too large for one key stands in parts, and never more than a key may have.
TEST(EntryCodec, ValuesStayWithinTheirBound) {
  for (std::size_t size = kMaxValueBytes - 600; size <= kMaxValueBytes; size += 7)
    EXPECT_LE(encode_entry(kEnvelope, some_entry(std::string(size, 'x'))).value.size(), kMaxValueBytes);
}

TEST(EntryCodec, DamageIsNoticed) {
  const std::string value = encode_entry(kEnvelope, some_entry("[second]")).value;
  for (std::size_t i = 0; i < value.size(); ++i) {
    std::string damaged = value;
    damaged[i] = static_cast<char>(damaged[i] ^ 4);
    EXPECT_EQ(test::code_of(decode_entry(damaged, {})), ErrorCode::corrupt_store) << i;
    EXPECT_EQ(test::code_of(decode_entry(value.substr(0, i), {})), ErrorCode::corrupt_store);
    EXPECT_FALSE(envelope_of(damaged));
  }
}

TEST(EntryCodec, LaterFormatsAreNamed) {
  Envelope later = kEnvelope;
  later.format = kFormat + 1;
  EXPECT_EQ(test::code_of(decode_entry(encode_entry(later, some_entry("")).value, {})),
            ErrorCode::unsupported_format);
}

}   // namespace
}   // namespace usertags::cluster
