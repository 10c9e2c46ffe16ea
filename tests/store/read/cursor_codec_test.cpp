#include "store/read/paging.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace usertags::store {
namespace {

constexpr CursorBinding kBinding{.store_id = {1, 2, 3}, .kind = CursorKind::list, .query = 7};

TEST(CursorCodec, GivesBackTheOrdinal) {
  for (const std::uint32_t ordinal : {0U, 1U, 77U, 0xFFFFFFFFU}) {
    EXPECT_EQ(decode_ordinal(kBinding, encode_cursor(kBinding, ordinal).text()), ordinal);
  }
}

TEST(CursorCodec, GivesBackATextOfAnyLength) {
  std::string longest(800, '\xF0');
  for (std::size_t size = 0; size <= longest.size(); size += size < 8 ? 1 : 88) {
    const std::string text = longest.substr(0, size);
    EXPECT_EQ(decode_text(kBinding, encode_cursor(kBinding, text).text()), text);
  }
  EXPECT_FALSE(decode_ordinal(kBinding, encode_cursor(kBinding, "12345").text()));
}

TEST(CursorCodec, RefusesBitsBeyondTheLastByte) {
  const std::string text = encode_cursor(kBinding, "a").text();   // 18 bytes
  ASSERT_EQ(text.size() % 4, 0U);
  std::string other = encode_cursor(kBinding, "ab").text();
  ASSERT_EQ(other.size() % 4, 2U);
  other.back() = static_cast<char>(other.back() + 1);
  EXPECT_FALSE(decode_text(kBinding, other));
}

TEST(CursorCodec, TellsParametersApartByTheirEnds) {
  EXPECT_NE(query_hash({"ab", "c"}), query_hash({"a", "bc"}));
  EXPECT_NE(query_hash({"a", ""}), query_hash({"a"}));
}

TEST(CursorCodec, RefusesACursorOfAnotherStoreOrQuestion) {
  const std::string text = encode_cursor(kBinding, 5).text();
  CursorBinding other_store = kBinding;
  other_store.store_id[0] = 9;
  CursorBinding other_question = kBinding;
  other_question.query = 8;
  EXPECT_FALSE(decode_ordinal(other_store, text));
  EXPECT_FALSE(decode_ordinal(other_question, text));
}

TEST(CursorCodec, RefusesEveryChangeOfOneCharacter) {
  const std::string text = encode_cursor(kBinding, 123'456).text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char other : {'A', 'z', '-', '=', ' ', '\0'}) {
      std::string mangled = text;
      if (mangled[i] == other) continue;
      mangled[i] = other;
      EXPECT_FALSE(decode_ordinal(kBinding, mangled)) << i << ' ' << other;
    }
  }
}

TEST(CursorCodec, RefusesTextOfAnotherLength) {
  const std::string text = encode_cursor(kBinding, 5).text();
  EXPECT_FALSE(decode_ordinal(kBinding, ""));
  EXPECT_FALSE(decode_ordinal(kBinding, text.substr(1)));
  EXPECT_FALSE(decode_ordinal(kBinding, text + "A"));
}

}   // namespace
}   // namespace usertags::store
