#include "model/change.hpp"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <string>
#include <vector>

namespace usertags::model {
namespace {

Change some_change() {
  return {.revision = 10,
          .ordinal = 20,
          .remaining = 30,
          .at_ms = 1'700'000'000'000,
          .lived_ms = 90'000,
          .kind = ChangeKind::patched,
          .patch = R"({"tags":{"tier":"gold"}})",
          .note = "by hand"};
}

void append_number(std::uint64_t number, std::string& out) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift & 0xFF);
}

void append_text(std::string_view text, std::string& out) {
  append_number(text.size(), out);
  out += text;
}

// As change.hpp words it, in one string.
std::string hashed_bytes(std::uint64_t previous, const Change& change) {
  std::string bytes;
  for (const std::uint64_t number :
       {previous, change.revision, std::uint64_t{change.ordinal}, change.remaining,
        static_cast<std::uint64_t>(change.at_ms), static_cast<std::uint64_t>(change.lived_ms)}) {
    append_number(number, bytes);
  }
  bytes += static_cast<char>(change.kind);
  append_text(change.patch, bytes);
  append_text(change.note, bytes);
  return bytes;
}

TEST(ChainChecksum, IsTheHashOfItsWording) {
  for (const std::size_t size : {0u, 1u, 100u, 150u, 200u, 500u, 5'000u}) {
    Change change = some_change();
    const std::string patch(size, 'p');
    change.patch = patch;
    change.at_ms = -static_cast<std::int64_t>(size);
    change.lived_ms = static_cast<std::int64_t>(size) + 1;
    const std::string bytes = hashed_bytes(77, change);
    EXPECT_EQ(chain_checksum(77, change), XXH3_64bits(bytes.data(), bytes.size())) << size;
  }
}

// Frozen: a log that was written once must be provable for ever.
TEST(ChainChecksum, IsPartOfTheFileFormat) {
  EXPECT_EQ(chain_checksum(1, some_change()), 3521636554893093394u);
}

TEST(ChainChecksum, DependsOnEveryField) {
  const auto changed = [](auto&& edit) {
    Change change = some_change();
    edit(change);
    return chain_checksum(1, change);
  };
  std::vector<std::uint64_t> checksums = {
      chain_checksum(1, some_change()),
      chain_checksum(2, some_change()),
      changed([](Change& change) { change.revision = 11; }),
      changed([](Change& change) { change.ordinal = 21; }),
      changed([](Change& change) { change.remaining = 31; }),
      changed([](Change& change) { change.at_ms += 1; }),
      changed([](Change& change) { change.lived_ms += 1; }),
      changed([](Change& change) { change.kind = ChangeKind::created; }),
      changed([](Change& change) { change.patch = "null"; }),
      changed([](Change& change) { change.note = "by hanD"; }),
      changed([](Change& change) { change.note = ""; }),
      changed([](Change& change) { std::swap(change.patch, change.note); }),
  };
  std::ranges::sort(checksums);
  EXPECT_EQ(std::ranges::adjacent_find(checksums), checksums.end());
}

TEST(ChainChecksum, TellsWhereThePatchEndsAndTheNoteBegins) {
  Change one = some_change();
  one.patch = "ab";
  one.note = "c";
  Change other = some_change();
  other.patch = "a";
  other.note = "bc";
  EXPECT_NE(chain_checksum(1, one), chain_checksum(1, other));
}

static_assert(noexcept(chain_checksum(0, Change{})));

}   // namespace
}   // namespace usertags::model
