#include "model/segment.hpp"

#include <gtest/gtest.h>
#include <xxhash.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <string>
#include <vector>

namespace usertags::model {
namespace {

const std::string kId = "user_00000000000000000000000001";

Segment some_segment() {
  return {.first = 10,
          .last = 20,
          .at_ms = 1'700'000'000'000,
          .lived_ms = 90'000,
          .checksum = 0,
          .entries = R"([{"user":1,"patch":null}])"};
}

void append_number(std::uint64_t number, std::string& out) {
  for (int shift = 0; shift < 64; shift += 8) out += static_cast<char>(number >> shift & 0xFF);
}

// As segment.hpp words it, in one string.
std::string hashed_bytes(std::uint64_t previous, const Segment& segment) {
  std::string bytes;
  for (const std::uint64_t number :
       {previous, segment.first, segment.last, static_cast<std::uint64_t>(segment.at_ms),
        static_cast<std::uint64_t>(segment.lived_ms)}) {
    append_number(number, bytes);
  }
  return bytes += segment.entries;
}

TEST(ChainChecksum, IsTheHashOfItsWording) {
  for (const std::size_t size : {0u, 1u, 100u, 150u, 200u, 500u, 5'000u}) {
    Segment segment = some_segment();
    const std::string entries(size, 'p');
    segment.entries = entries;
    segment.at_ms = -static_cast<std::int64_t>(size);
    const std::string bytes = hashed_bytes(77, segment);
    EXPECT_EQ(chain_checksum(77, segment), XXH3_64bits(bytes.data(), bytes.size())) << size;
  }
}

TEST(ChainChecksum, DependsOnEveryField) {
  const auto changed = [](auto&& edit) {
    Segment segment = some_segment();
    edit(segment);
    return chain_checksum(1, segment);
  };
  std::vector<std::uint64_t> checksums = {
      chain_checksum(1, some_segment()),
      chain_checksum(2, some_segment()),
      changed([](Segment& segment) { segment.first = 11; }),
      changed([](Segment& segment) { segment.last = 21; }),
      changed([](Segment& segment) { segment.at_ms += 1; }),
      changed([](Segment& segment) { segment.lived_ms += 1; }),
      changed([](Segment& segment) { segment.entries = "[]"; }),
  };
  std::ranges::sort(checksums);
  EXPECT_EQ(std::ranges::adjacent_find(checksums), checksums.end());
}

static_assert(noexcept(chain_checksum(0, Segment{})));

TEST(Segments, FollowWhatTheyAreChainedTo) {
  Segment segment = some_segment();
  segment.checksum = chain_checksum(5, segment);
  EXPECT_TRUE(segment.follows(10, 5));
  EXPECT_FALSE(segment.follows(11, 5));
  EXPECT_FALSE(segment.follows(10, 6));
  segment.lived_ms += 1;
  EXPECT_FALSE(segment.follows(10, 5));
}

// --- Writing. ---

RecordPtr user(std::uint32_t ordinal, std::vector<Tag> tags) {
  return Record::make(ordinal, 1, *parse_user_id(kId), "ann \"A\"", tags);
}

std::string text_of(const EntryToWrite& entry) {
  std::string text = "[";
  append_entry(entry, text);
  return text + ']';
}

TEST(Entries, AreWrittenInTheOneCanonicalForm) {
  const auto before = user(7, {{"region", "emea"}, {"tier", "trial"}});
  const auto after = user(7, {{"tier", "gold"}});
  const std::vector<TagDelta> deltas = {
      {"new", "x", std::nullopt}, {"region", std::nullopt, "emea"}, {"tier", "gold", "trial"}};
  EXPECT_EQ(
      text_of({.kind = ChangeKind::created, .after = after.get(), .deltas = {}, .note = {}}),
      R"([{"user":7,"patch":{"id":")" + kId + R"(","external_id":"ann \"A\"","tags":{"tier":"gold"}}}])");
  EXPECT_EQ(
      text_of({.follows = 3, .before = before.get(), .after = after.get(), .deltas = deltas, .note = "\n"}),
      R"([{"user":7,"follows":3,"patch":{"tags":{"new":"x","region":null,"tier":"gold"}},)"
      R"("before":{"new":null,"region":"emea","tier":"trial"},"note":"\n"}])");
  EXPECT_EQ(text_of({.kind = ChangeKind::deleted,
                     .before = before.get(),
                     .after = after.get(),
                     .deltas = {},
                     .note = {}}),
            R"([{"user":7,"patch":null,"before":{"region":"emea","tier":"trial"}}])");
}

// Six bytes for each that there is: what room was made for.
TEST(Entries, HaveRoomForEscapesOnly) {
  const std::string text(200, '\x01');
  std::string escaped;
  for (std::size_t i = 0; i < text.size(); ++i) escaped += "\\u0001";
  const auto quoted = [&] { return '"' + escaped + '"'; };
  const auto after = user(4'294'967'295, {{text, text}});
  const std::vector<TagDelta> deltas = {{text, text, text}};
  const std::string tags = "{" + quoted() + ":" + quoted() + "}";
  const std::string user_member = R"([{"user":4294967295,)";
  EXPECT_EQ(text_of({.kind = ChangeKind::created, .after = after.get(), .deltas = {}, .note = text}),
            user_member + R"("patch":{"id":")" + kId + R"(","external_id":"ann \"A\"","tags":)" + tags +
                R"(},"note":)" + quoted() + "}]");
  EXPECT_EQ(text_of({.follows = std::numeric_limits<std::uint64_t>::max(),
                     .before = after.get(),
                     .after = after.get(),
                     .deltas = deltas,
                     .note = text}),
            user_member + R"("follows":18446744073709551615,"patch":{"tags":)" + tags + R"(},"before":)" +
                tags + R"(,"note":)" + quoted() + "}]");
  EXPECT_EQ(text_of({.kind = ChangeKind::deleted,
                     .before = after.get(),
                     .after = after.get(),
                     .deltas = {},
                     .note = text}),
            user_member + R"("patch":null,"before":)" + tags + R"(,"note":)" + quoted() + "}]");
}

TEST(Entries, LeaveOutWhatNothingTells) {
  const auto after = user(7, {});
  const std::vector<TagDelta> deltas = {{"tier", "gold", std::nullopt}};
  EXPECT_EQ(text_of({.after = after.get(), .deltas = deltas, .note = {}}),
            R"([{"user":7,"patch":{"tags":{"tier":"gold"}}}])");
  EXPECT_EQ(text_of({.kind = ChangeKind::deleted, .after = after.get(), .deltas = {}, .note = {}}),
            R"([{"user":7,"patch":null}])");
}

// --- Reading. ---

Segment of(const std::string& entries, std::uint64_t last) {
  return {.first = 5, .last = last, .at_ms = 9, .lived_ms = 0, .checksum = 0, .entries = entries};
}

TEST(SegmentDecoder, TellsEachChange) {
  const std::string text = R"([{"user":1,"patch":{"id":"x","external_id":"{\"}","tags":{}},"note":"a\"b"},)"
                           R"({"user":4294967295,"patch":{"tags":{"}":"{"}},"before":{"}":null}},)"
                           R"({"user":3,"follows":1,"patch":null,"before":{}},)"
                           R"({"user":3,"follows":2,"patch":null}])";
  SegmentDecoder decoder;
  const auto changes = decoder.changes(of(text, 8));
  ASSERT_TRUE(changes);
  ASSERT_EQ(changes->size(), 4u);
  const Change& first = (*changes)[0];
  EXPECT_EQ(first.revision, 5u);
  EXPECT_EQ(first.at_ms, 9);
  EXPECT_EQ(first.kind, ChangeKind::created);
  EXPECT_EQ(first.patch, R"({"id":"x","external_id":"{\"}","tags":{}})");
  EXPECT_EQ(first.note, "a\"b");
  const Change& second = (*changes)[1];
  EXPECT_EQ(second.ordinal, 4'294'967'295u);
  EXPECT_EQ(second.kind, ChangeKind::patched);
  EXPECT_EQ(second.before, R"({"}":null})");
  EXPECT_EQ(second.note, "");
  EXPECT_EQ((*changes)[2].kind, ChangeKind::deleted);
  EXPECT_EQ((*changes)[2].before, "{}");
  EXPECT_EQ((*changes)[3].before, "");
  std::vector<std::uint64_t> remaining;
  for (const Change& change : *changes) remaining.push_back(change.remaining);
  EXPECT_EQ(remaining, (std::vector<std::uint64_t>{0, 2, 1, 0}));
}

TEST(SegmentDecoder, RefusesWhatNoStoreWrites) {
  const std::string one = R"({"user":1,"patch":null})";
  for (const std::string& text :
       {std::string(),
        std::string("[]"),
        std::string("["),
        "[" + one,
        one,
        "[" + one + ",]",
        "[" + one + "] ",
        "[ " + one + "]",
        "[" + one + "," + one + "]",
        std::string(R"([{"user":0,"patch":null}])"),
        std::string(R"([{"user":01,"patch":null}])"),
        std::string(R"([{"user":-1,"patch":null}])"),
        std::string(R"([{"user":4294967296,"patch":null}])"),
        std::string(R"([{"user":"1","patch":null}])"),
        std::string(R"([{"user":99999999999999999999,"patch":null}])"),
        std::string(R"([{"user":1}])"),
        std::string(R"([{"patch":null,"user":1}])"),
        std::string(R"([{"user":1,"patch":null,"more":1}])"),
        std::string(R"([{"user":1,"follows":0,"patch":null}])"),
        std::string(R"([{"user":1,"follows":1,"patch":null}])"),   // torn from its transaction
        std::string(R"([{"user":1,"patch":7}])"),
        std::string(R"([{"user":1,"patch":{"tags":{}]})"),
        std::string(R"([{"user":1,"patch":{"tags":"}])"),
        std::string(R"([{"user":1,"patch":{"\)"),
        std::string(R"([{"user":1,"patch":{"id":"x"},"before":{}}])"),
        std::string(R"([{"user":1,"patch":null,"before":null}])"),
        std::string(R"([{"user":1,"patch":null,"note":""}])"),
        std::string(R"([{"user":1,"patch":null,"note":"\x"}])")}) {
    SegmentDecoder decoder;
    EXPECT_FALSE(decoder.changes(of(text, 5))) << text;
  }
  SegmentDecoder decoder;
  const std::string text = "[" + one + "]";
  EXPECT_TRUE(decoder.changes(of(text, 5)));
  EXPECT_FALSE(decoder.changes(of(text, 4)));
  EXPECT_FALSE(decoder.changes(of(text, 6)));
  EXPECT_FALSE(decoder.changes(of(text, ~std::uint64_t{0})));
  const std::string skipped =
      R"([{"user":1,"patch":null},{"user":2,"follows":1,"patch":null},{"user":3,"follows":1,"patch":null}])";
  EXPECT_FALSE(decoder.changes(of(skipped, 7)));
}

TEST(Segments, TellWhoseEntriesTheyMayHave) {
  const std::string text = R"([{"user":17,"patch":{"tags":{"{\"user\":1,":"x","patch":null}}}])";
  EXPECT_TRUE(has_entry_of(17, of(text, 5)));
  EXPECT_FALSE(has_entry_of(1, of(text, 5)));
  EXPECT_FALSE(has_entry_of(7, of(text, 5)));
  EXPECT_TRUE(may_have_deletion(of(text, 5)));
  const std::string patched = R"([{"user":1,"patch":{"tags":{"a":"{\"patch\":null}"}}}])";
  EXPECT_FALSE(may_have_deletion(of(patched, 5)));
  const std::string deleted = R"([{"user":1,"follows":2,"patch":null}])";
  EXPECT_TRUE(may_have_deletion(of(deleted, 5)));
}

}   // namespace
}   // namespace usertags::model
