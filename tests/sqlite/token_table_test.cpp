#include "sqlite/tables.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>
#include <vector>

#include "samples.hpp"
#include "support/outcome_of.hpp"

namespace usertags::sqlite {
namespace {

using model::Token;
using test::outcome_of;

Token make_token(std::uint64_t seq, std::string_view text) {
  return {.seq = seq,
          .ordinal = static_cast<std::uint32_t>(seq * 3),
          .revision = seq * 5,
          .changed = seq % 2 == 1,
          .lived_ms = static_cast<std::int64_t>(seq * 7),
          .text = text,
          .request = {static_cast<std::uint8_t>(seq), 0xFF}};
}

class TokenTableTest : public testing::Test {
 protected:
  void append(const Token& token) { database_.tokens().append(std::span(&token, 1)); }
  void append(std::uint64_t first, std::uint64_t last) {
    std::vector<std::string> texts;
    for (std::uint64_t seq = first; seq <= last; ++seq) texts.push_back("token-" + std::to_string(seq));
    std::vector<Token> tokens;
    for (std::uint64_t seq = first; seq <= last; ++seq) tokens.push_back(make_token(seq, texts[seq - first]));
    database_.tokens().append(tokens);
  }
  void expect_token(const Token& token) {
    TokenTable::Reader rows(database_.connection());
    const TokenTable::Reader::Walk walk(rows, token.seq);
    const auto row = rows.next();
    ASSERT_TRUE(row);
    EXPECT_TRUE(row->bears_checksum);
    EXPECT_EQ(row->token.seq, token.seq);
    EXPECT_EQ(row->token.ordinal, token.ordinal);
    EXPECT_EQ(row->token.revision, token.revision);
    EXPECT_EQ(row->token.changed, token.changed);
    EXPECT_EQ(row->token.lived_ms, token.lived_ms);
    EXPECT_EQ(row->token.text, token.text);
    EXPECT_EQ(row->token.request, token.request);
  }
  std::vector<std::uint64_t> numbers() {
    std::vector<std::uint64_t> found;
    TokenTable::Reader rows(database_.connection());
    const TokenTable::Reader::Walk walk(rows, 1);
    while (const auto row = rows.next()) found.push_back(row->token.seq);
    return found;
  }

  Database database_{test::in_memory(), test::first_state()};
};

TEST_F(TokenTableTest, EveryFieldComesBackAtItsExtreme) {
  const std::string longest(model::kMaxTokenBytes, '\xFF');
  Token highest = make_token(std::numeric_limits<std::int64_t>::max(), longest);
  highest.ordinal = std::numeric_limits<std::uint32_t>::max();
  highest.revision = std::numeric_limits<std::int64_t>::max();
  highest.lived_ms = std::numeric_limits<std::int64_t>::max();
  highest.request.fill(0xFF);
  const Token lowest{.seq = 1,
                     .ordinal = 0,
                     .revision = 0,
                     .changed = false,
                     .lived_ms = 0,
                     .text = std::string_view("\0", 1)};
  append(lowest);
  append(highest);
  expect_token(lowest);
  expect_token(highest);
}

TEST_F(TokenTableTest, ATokenOfNobodyDoesNotTakeTheUserOfTheOneBefore) {
  append(make_token(1, "a"));
  Token of_nobody = make_token(2, "b");
  of_nobody.ordinal = 0;
  append(of_nobody);
  expect_token(of_nobody);
}

// Some statements take many rows and some one: every token goes to its own row whichever takes it.
TEST_F(TokenTableTest, ManyAtOnceAreThoseOneByOne) {
  append(1, 37);
  for (std::uint64_t seq = 1; seq <= 37; ++seq) expect_token(make_token(seq, "token-" + std::to_string(seq)));
  EXPECT_EQ(numbers().size(), 37U);
}

TEST_F(TokenTableTest, PrunesFromTheFloorUpTo) {
  append(1, 9);
  database_.tokens().prune(1, 6);
  EXPECT_EQ(numbers(), (std::vector<std::uint64_t>{7, 8, 9}));
}

TEST_F(TokenTableTest, TellsWhenATokenWasGiven) {
  append(1, 2);
  EXPECT_EQ(database_.tokens().lived_ms(2), 14);
  EXPECT_EQ(database_.tokens().lived_ms(3), std::nullopt);
}

TEST_F(TokenTableTest, AChangedRowDoesNotBearItsChecksum) {
  append(1, 1);
  database_.connection().execute("UPDATE token SET revision = revision + 1");
  TokenTable::Reader rows(database_.connection());
  const TokenTable::Reader::Walk walk(rows, 1);
  EXPECT_FALSE(rows.next()->bears_checksum);
}

TEST_F(TokenTableTest, ARowThatNoStoreWritesIsCorrupt) {
  append(1, 1);
  for (const char* change : {"ordinal = 0", "ordinal = 4294967296", "revision = -1", "lived_ms = -1"}) {
    database_.connection().execute("SAVEPOINT row");
    database_.connection().execute((std::string("UPDATE token SET ") + change).c_str());
    const auto read = [&] {
      TokenTable::Reader rows(database_.connection());
      const TokenTable::Reader::Walk walk(rows, 1);
      std::ignore = rows.next();
    };
    EXPECT_EQ(outcome_of(read), "corrupt_store") << change;
    database_.connection().execute("ROLLBACK TO row; RELEASE row");
  }
}

}   // namespace
}   // namespace usertags::sqlite
