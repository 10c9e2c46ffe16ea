// Adoption of a table of idempotency tokens that something else wrote to: none is believed that may be
// another's.
#include <string>
#include <utility>

#include "store/adopt/adoption_fixture.hpp"

namespace usertags::test {
namespace {

struct TokenEdit {
  const char* name;
  const char* sql;
  std::uint64_t forgotten;   // of the five that were given
  std::uint64_t left;
};

void PrintTo(const TokenEdit& edit, std::ostream* out) {
  *out << edit.name;
}

const TokenEdit kTokenEdits[] = {
    {"TheOldestLess", "DELETE FROM token WHERE seq = 1", 1, 4},
    {"OneLess", "DELETE FROM token WHERE seq = 2", 2, 3},
    {"SomeLess", "DELETE FROM token WHERE seq IN (2, 3, 4)", 4, 1},
    {"TheNewestLess", "DELETE FROM token WHERE seq = 5", 5, 0},
    {"AllLess", "DELETE FROM token", 5, 0},
    {"OneChanged", "UPDATE token SET revision = 9 WHERE seq = 3", 3, 2},
    {"OneLessAndOneChanged", "DELETE FROM token WHERE seq = 1; UPDATE token SET revision = 9 WHERE seq = 4",
     4, 1},
    {"OneChangedAndOneLess", "UPDATE token SET revision = 9 WHERE seq = 1; DELETE FROM token WHERE seq = 4",
     4, 1},
    {"OneTwice", "UPDATE token SET token = (SELECT token FROM token WHERE seq = 1) WHERE seq = 4", 4, 1},
    {"OneMore",
     "INSERT INTO token SELECT 9, ordinal, revision, changed, lived_ms, checksum, x'78', digest FROM token "
     "WHERE seq = 1",
     1, 5},
};

class TokenEdits : public AdoptionTest, public testing::WithParamInterface<TokenEdit> {};

TEST_P(TokenEdits, AreForgottenUpToTheLastBadOne) {
  const auto repeat = [](UserTagStore& store, int n) {
    return must(store.apply("ann", TagBatch(), {.token = std::to_string(n)})).replayed;
  };
  make_store(Ending::closed);
  {
    auto store = must(UserTagStore::open(path_, relaxed()));
    for (int n = 1; n <= 5; ++n) EXPECT_FALSE(repeat(store, n));
    must(store.close());
  }
  run(GetParam().sql);
  ASSERT_EQ(code_of(UserTagStore::open(path_)), ErrorCode::foreign_write);
  EXPECT_FALSE(must(adopt({.dry_run = true})).adopted);
  const Adoption adoption = must(adopt());
  EXPECT_TRUE(adoption.adopted);
  EXPECT_TRUE(adoption.proved);
  EXPECT_EQ(adoption.changes.size(), 0U);
  EXPECT_EQ(adoption.tokens_forgotten, GetParam().forgotten);
  auto store = must(UserTagStore::open(path_, relaxed()));
  EXPECT_EQ(store.stats().tokens, GetParam().left);
  EXPECT_TRUE(must(store.verify()).ok());
  for (int n = 5; n > 0; --n) EXPECT_EQ(repeat(store, n), n > 5 - static_cast<int>(GetParam().left)) << n;
  must(store.close());
  EXPECT_TRUE(must(must(UserTagStore::open(path_)).verify()).ok());
}

INSTANTIATE_TEST_SUITE_P(Edits, TokenEdits, testing::ValuesIn(kTokenEdits),
                         [](const auto& edit) { return edit.param.name; });

}   // namespace
}   // namespace usertags::test
