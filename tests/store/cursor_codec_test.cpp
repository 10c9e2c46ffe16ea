#include "store/cursor_codec.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <string>

namespace usertags::store {
namespace {

constexpr CursorBinding kBinding{.store_id = {1, 2, 3}, .kind = CursorKind::list, .query = 7};

TEST(CursorCodec, GivesBackTheOrdinal) {
  for (const std::uint32_t ordinal : {0U, 1U, 77U, 0xFFFFFFFFU}) {
    EXPECT_EQ(decode_cursor(kBinding, encode_cursor(kBinding, ordinal).text()), ordinal);
  }
}

TEST(CursorCodec, RefusesACursorOfAnotherStoreOrQuestion) {
  const std::string text = encode_cursor(kBinding, 5).text();
  CursorBinding other_store = kBinding;
  other_store.store_id[0] = 9;
  CursorBinding other_question = kBinding;
  other_question.query = 8;
  EXPECT_FALSE(decode_cursor(other_store, text));
  EXPECT_FALSE(decode_cursor(other_question, text));
}

TEST(CursorCodec, RefusesEveryChangeOfOneCharacter) {
  const std::string text = encode_cursor(kBinding, 123'456).text();
  for (std::size_t i = 0; i < text.size(); ++i) {
    for (const char other : {'A', 'z', '-', '=', ' ', '\0'}) {
      std::string mangled = text;
      if (mangled[i] == other) continue;
      mangled[i] = other;
      EXPECT_FALSE(decode_cursor(kBinding, mangled)) << i << ' ' << other;
    }
  }
}

TEST(CursorCodec, RefusesTextOfAnotherLength) {
  const std::string text = encode_cursor(kBinding, 5).text();
  EXPECT_FALSE(decode_cursor(kBinding, ""));
  EXPECT_FALSE(decode_cursor(kBinding, text.substr(1)));
  EXPECT_FALSE(decode_cursor(kBinding, text + "A"));
}

}   // namespace
}   // namespace usertags::store
