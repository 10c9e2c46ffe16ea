#include "sqlite/state.hpp"

#include <gtest/gtest.h>

#include <limits>
#include <string>

#include "samples.hpp"
#include "support/outcome_of.hpp"

namespace usertags::sqlite {
namespace {

using test::outcome_of;

constexpr std::uint64_t kAllBits = std::numeric_limits<std::uint64_t>::max();
constexpr std::uint64_t kHighest = std::numeric_limits<std::int64_t>::max();

class StateTest : public testing::Test {
 protected:
  Database database_{test::in_memory(), test::first_state()};
};

TEST_F(StateTest, TheFirstStateIsThere) {
  EXPECT_EQ(database_.state().read(), test::first_state());
}

TEST_F(StateTest, EveryFieldComesBackAtItsExtreme) {
  State state;
  state.store_id.fill(0xFF);
  state.epoch = kHighest;
  state.clean = false;
  state.revision = kHighest - 1;   // the floors may be one beyond
  state.last_ordinal = std::numeric_limits<std::uint32_t>::max();
  state.last_id.fill(0xFE);
  state.last_at_ms = std::numeric_limits<std::int64_t>::max();
  state.digest = {kAllBits, kAllBits - 1};
  state.log_checksum = kAllBits;
  state.folded_revision = kHighest - 1;
  state.log_floor = kHighest;
  state.floor_checksum = std::uint64_t{1} << 63;
  state.last_token = kHighest - 1;
  state.token_floor = kHighest;
  state.lived_ms = std::numeric_limits<std::int64_t>::max();
  state.entry = kHighest - 1;
  state.entry_checksum = kAllBits;
  state.binding.fill(0xFD);
  state.settings = {
      {.tags_per_user = 65'534,
       .operations_per_batch = 1'000'000,
       .history = {.keep_all = true, .min_changes = kHighest, .min_age = std::chrono::seconds::max()},
       .tokens = {.max_count = kHighest, .max_age = std::chrono::seconds::max()}},
      kHighest};
  database_.state().write(state);
  EXPECT_EQ(database_.state().read(), state);
}

// Each field alone: no two of them are mixed up.
TEST_F(StateTest, EveryFieldHasAPlaceOfItsOwn) {
  State state;
  state.store_id.fill(1);
  state.epoch = 2;
  state.clean = true;
  state.revision = 30;
  state.last_ordinal = 4;
  state.last_id.fill(5);
  state.last_at_ms = 6;
  state.digest = {7, 8};
  state.log_checksum = 9;
  state.folded_revision = 20;
  state.log_floor = 11;
  state.floor_checksum = 12;
  state.last_token = 130;
  state.token_floor = 14;
  state.lived_ms = 15;
  state.entry = 23;
  state.entry_checksum = 24;
  state.binding.fill(25);
  state.settings = {{.tags_per_user = 17,
                     .operations_per_batch = 18,
                     .history = {.keep_all = true, .min_changes = 19, .min_age = std::chrono::seconds(20)},
                     .tokens = {.max_count = 21, .max_age = std::chrono::seconds(22)}},
                    16};
  database_.state().write(state);
  EXPECT_EQ(database_.state().read(), state);
  const std::string checksum =
      "checksum = " + std::to_string(static_cast<std::int64_t>(state_checksum(state)));
  for (const char* column : {checksum.c_str(),
                             "epoch = 2",
                             "clean = 1",
                             "revision = 30",
                             "last_ordinal = 4",
                             "last_at_ms = 6",
                             "digest = x'00000000000000080000000000000007'",
                             "log_checksum = 9",
                             "folded_revision = 20",
                             "log_floor = 11",
                             "floor_checksum = 12",
                             "last_token = 130",
                             "token_floor = 14",
                             "lived_ms = 15",
                             "entry = 23",
                             "entry_checksum = 24",
                             "hex(substr(binding, 48)) = '19'",
                             "settings_version = 16",
                             "tags_per_user = 17",
                             "operations_per_batch = 18",
                             "history_keep_all = 1",
                             "history_min_changes = 19",
                             "history_min_age_s = 20",
                             "tokens_max_count = 21",
                             "tokens_max_age_s = 22",
                             "store_id = x'01010101010101010101010101010101'"}) {
    const std::string question = "SELECT count(*) FROM state WHERE " + std::string(column);
    EXPECT_EQ(database_.connection().query_integer(question.c_str()), 1) << column;
  }
}

class DamagedState : public StateTest, public testing::WithParamInterface<const char*> {};

TEST_P(DamagedState, IsCorrupt) {
  database_.connection().execute("PRAGMA ignore_check_constraints = ON");
  database_.connection().execute(GetParam());
  EXPECT_EQ(outcome_of([&] { database_.state().read(); }), "corrupt_store");
}

INSTANTIATE_TEST_SUITE_P(
    All, DamagedState,
    testing::Values("DELETE FROM state", "UPDATE state SET revision = -1", "UPDATE state SET epoch = 0",
                    "UPDATE state SET clean = 2", "UPDATE state SET last_ordinal = 4294967296",
                    "UPDATE state SET last_ordinal = -1", "UPDATE state SET last_at_ms = -1",
                    "UPDATE state SET store_id = x'00'", "UPDATE state SET last_id = x''",
                    "UPDATE state SET digest = zeroblob(17)",
                    "UPDATE state SET folded_revision = revision + 1", "UPDATE state SET log_floor = 0",
                    "UPDATE state SET log_floor = folded_revision + 2",
                    "UPDATE state SET token_floor = last_token + 2", "UPDATE state SET token_floor = 0",
                    "UPDATE state SET lived_ms = -1", "UPDATE state SET entry = -1",
                    "UPDATE state SET entry = 9223372036854775807", "UPDATE state SET binding = zeroblob(47)",
                    "UPDATE state SET binding = zeroblob(49)", "UPDATE state SET settings_version = 0",
                    "UPDATE state SET tags_per_user = 0", "UPDATE state SET tags_per_user = 65535",
                    "UPDATE state SET operations_per_batch = 0", "UPDATE state SET history_keep_all = 2",
                    "UPDATE state SET history_min_changes = -1", "UPDATE state SET history_min_age_s = -1",
                    "UPDATE state SET tokens_max_count = 0", "UPDATE state SET tokens_max_age_s = -1"));

// Sound columns, each other than written.
class ForgedState : public StateTest, public testing::WithParamInterface<const char*> {};

TEST_P(ForgedState, DoesNotBearItsChecksum) {
  State state = test::first_state();
  state.revision = state.folded_revision = state.log_floor = 7;
  state.last_token = 7;
  database_.state().write(state);
  ASSERT_TRUE(database_.state().read_unproved().bears_checksum);
  database_.connection().execute(("UPDATE state SET " + std::string(GetParam())).c_str());
  EXPECT_EQ(outcome_of([&] { database_.state().read(); }), "corrupt_store");
  EXPECT_FALSE(database_.state().read_unproved().bears_checksum);
}

INSTANTIATE_TEST_SUITE_P(
    EveryColumn, ForgedState,
    testing::Values("store_id = zeroblob(16)", "epoch = 2", "clean = 0", "revision = 8", "last_ordinal = 1",
                    "last_id = x'0000000000000000000000000000ff00'", "last_at_ms = 1",
                    "digest = x'000000000000000000000000000000ff'", "log_checksum = 1", "folded_revision = 6",
                    "log_floor = 6", "floor_checksum = 1", "last_token = 6", "token_floor = 2",
                    "lived_ms = 1", "entry = 1", "entry_checksum = 1",
                    "binding = CAST(zeroblob(47) || x'01' AS BLOB)", "settings_version = 2",
                    "tags_per_user = 255", "operations_per_batch = 1023", "history_keep_all = 1",
                    "history_min_changes = 1", "history_min_age_s = 1", "tokens_max_count = 1",
                    "tokens_max_age_s = 1", "checksum = checksum + 1"));

// Computed in another language, after docs/file-format.md.
TEST(StateChecksum, IsThatOfTheFormat) {
  EXPECT_EQ(state_checksum(State{}), 0x462b0dcc97c3d6d8U);
  EXPECT_EQ(state_checksum(test::first_state()), 0x6a8758f8f09f252eU);
}

// An entry's checksum is of what its commit has brought, and of those before.
TEST(NoteEntry, NumbersCommitsAndChainsThem) {
  const auto noted = [](auto&& edit, std::span<const model::Token> tokens = {}) {
    State state = test::first_state();
    edit(state);
    note_entry(state, tokens);
    EXPECT_EQ(state.entry, 1U);
    return state.entry_checksum;
  };
  const model::Token token{.seq = 1, .text = "t"};
  std::vector<std::uint64_t> checksums = {
      noted([](State&) {}),
      noted([](State&) {}, std::span(&token, 1)),
      noted([](State& state) { state.entry_checksum = 1; }),
      noted([](State& state) { state.revision = 1; }),
      noted([](State& state) { state.log_checksum = 1; }),
      noted([](State& state) { state.last_token = 1; }),
      noted([](State& state) { state.settings.version = 2; }),
      noted([](State& state) { state.settings.tags_per_user = 9; }),
  };
  std::ranges::sort(checksums);
  EXPECT_EQ(std::ranges::adjacent_find(checksums), checksums.end());
}

TEST_F(StateTest, WritingWithoutARowIsCorrupt) {
  database_.connection().execute("DELETE FROM state");
  EXPECT_EQ(outcome_of([&] { database_.state().write(test::first_state()); }), "corrupt_store");
}

TEST_F(StateTest, ReadingLeavesNoTransactionOpen) {
  database_.state().read();
  EXPECT_EQ(outcome_of([&] { database_.connection().execute("VACUUM"); }),
            "ok");   // refused while a row stands
}

}   // namespace
}   // namespace usertags::sqlite
