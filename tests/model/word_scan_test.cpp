#include "model/text.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <array>
#include <string>

namespace usertags::model {
namespace {

using Bytes = std::array<char, 8>;

// Eight bytes, most of them next to the bounds that matter.
Bytes some_bytes() {
  const auto near_a_bound = rc::gen::element<char>('\0', '\1', '\x1f', ' ', '!', '"', '#', '[', '\\', ']',
                                                   '\x7f', '\x80', '\x81', '\xa2', '\xdc', '\xff');
  return *rc::gen::container<Bytes>(near_a_bound);
}

template <class Predicate>
void expect_first(const Bytes& bytes, Word mask, Predicate predicate) {
  const auto found = std::ranges::find_if(bytes, predicate);
  RC_ASSERT((mask != 0) == (found != bytes.end()));
  if (mask != 0) RC_ASSERT(first_byte(mask) == static_cast<std::size_t>(found - bytes.begin()));
}

RC_GTEST_PROP(WordScan, TellsTheFirstByteThatAnswersYes, ()) {
  const Bytes bytes = some_bytes();
  const Word word = load_word(bytes.data());
  const auto value = [](char c) { return static_cast<std::uint8_t>(c); };
  expect_first(bytes, non_ascii_bytes(word), [&](char c) { return value(c) >= 0x80; });
  for (const std::uint8_t bound : std::initializer_list<std::uint8_t>{1, 0x20, 0x80}) {
    expect_first(bytes, bytes_below(word, bound), [&](char c) { return value(c) < bound; });
  }
  for (const char wanted : {'\0', '"', '\\', '\xff'}) {
    expect_first(bytes, bytes_equal(word, wanted), [&](char c) { return c == wanted; });
  }
}

}   // namespace
}   // namespace usertags::model
