#include "model/change.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <map>
#include <optional>
#include <ostream>
#include <string>
#include <vector>

#include "allocations.hpp"

namespace usertags::model {

bool operator==(const TagDelta& left, const TagDelta& right) {
  return left.key == right.key && left.value == right.value;
}

void PrintTo(const TagDelta& delta, std::ostream* out) {
  *out << '"' << delta.key << "\": " << (delta.value ? *delta.value : "null");
}

namespace {

using namespace std::string_literals;
using Text = std::map<std::string, std::string>;
using Deltas = std::map<std::string, std::optional<std::string>>;

std::vector<Tag> views(const Text& tags) {
  std::vector<Tag> result;
  for (const auto& [key, value] : tags) result.push_back({key, value});
  return result;
}

std::vector<TagDelta> views(const Deltas& deltas) {
  std::vector<TagDelta> result;
  for (const auto& [key, value] : deltas) {
    result.push_back({key, value ? std::optional<std::string_view>(*value) : std::nullopt});
  }
  return result;
}

std::string tags_json(const Text& tags) {
  std::string json;
  append_tags(views(tags), json);
  return json;
}

std::string patch_json(const Deltas& deltas) {
  std::string json;
  append_patch(views(deltas), json);
  return json;
}

template <class Entry>
std::vector<Entry> copied(std::span<const Entry> entries) {
  return {entries.begin(), entries.end()};
}

// --- Writing. ---

TEST(MergePatch, IsWrittenInTheOneCanonicalForm) {
  EXPECT_EQ(tags_json({}), "{}");
  EXPECT_EQ(tags_json({{"b", "2"}, {"a", "1"}}), R"({"a":"1","b":"2"})");
  EXPECT_EQ(patch_json({{"department", "engineering"}, {"old", std::nullopt}}),
            R"({"tags":{"department":"engineering","old":null}})");
  std::string json;
  append_creation("user_x", "ext", views(Text{{"k", "v"}}), json);
  EXPECT_EQ(json, R"({"id":"user_x","external_id":"ext","tags":{"k":"v"}})");
}

TEST(MergePatch, IsAppended) {
  std::string json = "before ";
  append_tags(std::vector<Tag>(), json);
  EXPECT_EQ(json, "before {}");
}

TEST(MergePatch, EscapesWhatJsonDemandsAndNoMore) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {"\"", R"(\")"},
      {"\\", R"(\\)"},
      {"\b\f\n\r\t", R"(\b\f\n\r\t)"},
      {"\x01", R"(\u0001)"},
      {"\x0b", R"(\u000b)"},
      {"\x0e\x0f", R"(\u000e\u000f)"},
      {"\x1f", R"(\u001f)"},
      {"\x7f", "\x7f"},
      {"/", "/"},
      {"é\u2028", "é\u2028"},
      {"\U0001F600", "\U0001F600"},
      {"<'&>", "<'&>"},
      {"eight by\"tes and more\\", R"(eight by\"tes and more\\)"},
  };
  for (const auto& [text, escaped] : cases)
    EXPECT_EQ(tags_json({{text, text}}), "{\"" + escaped + "\":\"" + escaped + "\"}");
}

// What is written in place is written a word at a time, over the end of the text: nothing is read beyond the text,
// nor written beyond the room. Texts of all lengths around those of words, with a special character at each place.
TEST(TextInPlace, HasTheTextThatAStringGets) {
  for (std::size_t size = 0; size <= 20; ++size) {
    for (std::size_t place = 0; place <= size; ++place) {
      for (const char special : {'"', '\\', '\n', '\x01', ' ', '\x7f', '\xc3'}) {
        std::vector<char> text(size, 'x');
        if (place < size) text[place] = special;
        std::string expected;
        append_json_string(std::string_view(text.data(), size), expected);
        append_json_number(size * 1'000'003, expected);
        std::vector<char> room(json_string_bound(size) + kMaxNumberBytes + TextInPlace::kSlack);
        TextInPlace out(room.data());
        append_json_string(std::string_view(text.data(), size), out);
        append_json_number(size * 1'000'003, out);
        ASSERT_EQ(std::string(room.data(), out.end()), expected) << size << " at " << place;
      }
    }
  }
}

// --- Reading. ---

TEST(PatchDecoder, ReadsWhatWasWritten) {
  PatchDecoder decoder;
  EXPECT_TRUE(decoder.tags("{}")->empty());
  EXPECT_EQ(copied(*decoder.tags(R"({"a":"1","b":""})")), views(Text{{"a", "1"}, {"b", ""}}));
  EXPECT_EQ(copied(*decoder.patch(R"({"tags":{"a":null,"b":"null"}})")),
            views(Deltas{{"a", std::nullopt}, {"b", "null"}}));
  const auto creation = decoder.creation(R"({"id":"user_x","external_id":"say \"hi\"","tags":{"k\n":"v"}})");
  ASSERT_TRUE(creation);
  EXPECT_EQ(creation->id, "user_x");
  EXPECT_EQ(creation->external_id, "say \"hi\"");
  EXPECT_EQ(copied(creation->tags), views(Text{{"k\n", "v"}}));
  EXPECT_TRUE(decoder.creation(R"({"id":"","external_id":"","tags":{}})")->tags.empty());
}

TEST(PatchDecoder, HandsOutViewsIntoTheTextWhereNothingIsEscaped) {
  const std::string json = R"({"key":"value"})";
  PatchDecoder decoder;
  const Tag tag = decoder.tags(json)->front();
  EXPECT_EQ(tag.key.data(), json.data() + 2);
  EXPECT_EQ(tag.value.data(), json.data() + 8);
}

TEST(PatchDecoder, KeepsAllThatWasEscapedUntilTheNextCall) {
  Text tags;
  for (std::size_t i = 0; i < 200; ++i) tags[std::to_string(i) + '\n'] = std::string(i, '"');
  const std::string json = tags_json(tags);
  PatchDecoder decoder;
  EXPECT_EQ(copied(*decoder.tags(json)), views(tags));
}

TEST(PatchDecoder, IsReusedWithoutMemory) {
  const std::string tags = R"({"department":"engineering","note":"a \"quoted\" word\n","tier":"gold"})";
  const std::string patch = R"({"tags":{"department":null,"tier\t":"gold"}})";
  PatchDecoder decoder;
  const auto read_both = [&] { return decoder.tags(tags).has_value() && decoder.patch(patch).has_value(); };
  ASSERT_TRUE(read_both());
  const std::size_t before = test::allocations();
  EXPECT_TRUE(read_both());
  EXPECT_EQ(test::allocations(), before);
}

// Values that are no JSON, or JSON in another spelling. Each is tried as tags, and as the tags of a patch and
// of a creation.
const std::vector<std::string> kRefused = {
    "",
    " ",
    "{",
    "}",
    "null",
    "[]",
    "\"\"",
    R"({"a"})",
    R"({"a":})",
    R"({"a":"1")",
    R"({"a":"1)",
    R"({"a":"1"}})",
    R"({"a":"1"}x)",
    R"({"a":"1"} )",
    R"({"a":"1"})"s + '\0',
    R"( {"a":"1"})",
    R"({ "a":"1"})",
    R"({"a" :"1"})",
    R"({"a": "1"})",
    R"({"a":"1" })",
    R"({"a":"1", "b":"2"})",
    "{\"a\":\"1\",\n\"b\":\"2\"}",
    R"({"a":"1",})",
    R"({,"a":"1"})",
    R"({"a":"1","b"})",
    R"({"a":"1""b":"2"})",
    R"({"a":"1";"b":"2"})",
    R"({"b":"2","a":"1"})",   // not sorted
    R"({"a":"1","a":"1"})",   // twice
    R"({"a":"1","a":"2"})",
    R"({"\n":"1","\t":"2"})",   // sorted as written, not as read
    R"({"é":"1","z":"2"})",
    R"({a:"1"})",
    R"({'a':'1'})",
    R"({"a":1})",
    R"({"a":true})",
    R"({"a":{}})",
    R"({"a":["1"]})",
    R"({"a":nulll})",
    R"({"a":Null})",
    R"({"a":nul)",
    R"({"a":"1\)",
    R"({"a":"1\")",
    R"({"a":"\)",
    R"({"a":"\u)",
    R"({"a":"\u00)",
    R"({"a":"\u001)",
    R"({"a":"\/"})",   // escapes that nothing needs
    R"({"a":"\u0041"})",
    R"({"a":"\u0020"})",
    R"({"a":"\u00e9"})",
    R"({"a":"\ud83d\ude00"})",
    R"({"a":"\u0022"})",
    R"({"a":"\u005c"})",
    R"({"a":"\u007f"})",
    R"({"\u0061":"1"})",
    R"({"a":"\u0008"})",   // which have a short form
    R"({"a":"\u0009"})",
    R"({"a":"\u000a"})",
    R"({"a":"\u000c"})",
    R"({"a":"\u000d"})",
    R"({"a":"\u000B"})",   // uppercase
    R"({"a":"\u001F"})",
    R"({"a":"\U001f"})",
    R"({"a":"\u1000"})",
    R"({"a":"\u0000"})",   // NUL
    R"({"\u0000":"1"})",
    "{\"a\":\"\0\"}"s,
    R"({"a":"\x41"})",
    R"({"a":"\a"})",
    R"({"a":"\'"})",
    "{\"a\":\"\\\0\"}"s,
    "{\"a\":\"\n\"}",   // raw control characters
    "{\"a\":\"\x1f\"}",
    "{\"a\":\"eight bytes before\t\"}",
    "{\"a\tb\":\"1\"}",
    "\xEF\xBB\xBF{}",   // a byte order mark
};

TEST(PatchDecoder, RefusesWhatIsNotCanonical) {
  PatchDecoder decoder;
  for (const std::string& json : kRefused) {
    SCOPED_TRACE(testing::PrintToString(json));
    EXPECT_FALSE(decoder.tags(json));
    EXPECT_FALSE(decoder.patch(R"({"tags":)" + json + "}"));
    EXPECT_FALSE(decoder.creation(R"({"id":"i","external_id":"e","tags":)" + json + "}"));
  }
}

TEST(PatchDecoder, TakesARemovalInAPatchOnly) {
  PatchDecoder decoder;
  EXPECT_FALSE(decoder.tags(R"({"a":null})"));
  EXPECT_FALSE(decoder.creation(R"({"id":"i","external_id":"e","tags":{"a":null}})"));
  EXPECT_TRUE(decoder.patch(R"({"tags":{"a":null}})"));
}

TEST(PatchDecoder, RefusesAPatchThatIsNone) {
  PatchDecoder decoder;
  for (const std::string_view json :
       {R"({"tags":{}})", R"({})", R"(null)", R"({"tags":null})", R"({"tags":{"a":"1"}}})",
        R"({"tags":{"a":"1"})", R"({"tags":{"a":"1"}} )", R"({"tags":{"a":"1"},"id":"x"})",
        R"({"Tags":{"a":"1"}})", R"({"a":"1"})", R"({"id":"i","external_id":"e","tags":{"a":"1"}})"}) {
    EXPECT_FALSE(decoder.patch(json)) << json;
  }
}

TEST(PatchDecoder, ReadsWhatWasBefore) {
  PatchDecoder decoder;
  const std::string_view patch = R"({"tags":{"a\n":"1","b":null}})";
  const auto befores = [&](std::string_view before) {
    std::vector<std::optional<std::string_view>> told;
    const auto deltas = decoder.patch(patch, before).value();
    for (const TagDelta& delta : deltas) told.push_back(delta.before);
    return told;
  };
  using Befores = std::vector<std::optional<std::string_view>>;
  EXPECT_EQ(befores(R"({"a\n":null,"b":"a \"word\""})"), (Befores{std::nullopt, "a \"word\""}));
  EXPECT_EQ(befores(""), (Befores{std::nullopt, std::nullopt}));
  EXPECT_EQ(decoder.patch(patch, R"({"a\n":"0","b":"0"})")->front().key, "a\n");
}

TEST(PatchDecoder, RefusesWhatWasBeforeOtherKeys) {
  PatchDecoder decoder;
  for (const std::string_view before :
       {R"({})", R"({"a":"1"})", R"({"b":"1"})", R"({"a":"1","c":"1"})", R"({"a":"1","b":"1","c":"1"})",
        R"({"b":"1","a":"1"})", R"({"a":"1","b":1})", R"({"a":"1","b":"1"} )", R"(null)", R"([])"}) {
    EXPECT_FALSE(decoder.patch(R"({"tags":{"a":"2","b":null}})", before)) << before;
  }
}

TEST(PatchDecoder, RefusesACreationThatIsNone) {
  PatchDecoder decoder;
  for (const std::string_view json :
       {R"({})", R"(null)", R"({"id":"i","external_id":"e"})", R"({"external_id":"e","id":"i","tags":{}})",
        R"({"id":"i","external_id":"e","tags":{},"x":"y"})", R"({"id":"i","external_id":"e","tags":{}}})",
        R"({"id":"i","external_id":"e","tags":{})", R"({"id":null,"external_id":"e","tags":{}})",
        R"({"id":1,"external_id":"e","tags":{}})", R"({"id":"i","external_id":null,"tags":{}})",
        R"({"id":"i", "external_id":"e","tags":{}})", R"({"tags":{"a":"1"}})"}) {
    EXPECT_FALSE(decoder.creation(json)) << json;
  }
}

// Right after the text lies memory that is not its own: the address sanitizer watches.
TEST(PatchDecoder, ReadsNothingBeyondTheText) {
  const std::string whole = R"({"tags":{"a key\n":"a value \u001f and more","b":null}})";
  PatchDecoder decoder;
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const std::vector<char> exact(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
    EXPECT_FALSE(decoder.patch({exact.data(), exact.size()})) << size;
  }
  EXPECT_TRUE(decoder.patch(whole));
}

// --- Properties. ---

// Rich in what has to be escaped; never NUL, which is in no text.
rc::Gen<std::string> some_text() {
  const auto piece = rc::gen::oneOf(
      rc::gen::map(rc::gen::inRange(1, 0x80), [](int c) { return std::string(1, static_cast<char>(c)); }),
      rc::gen::element("\""s, "\\"s, "\n"s, "\x1f"s, "é"s, "\U0001F600"s, "a run of plain text"s));
  return rc::gen::map(rc::gen::container<std::vector<std::string>>(piece),
                      [](const std::vector<std::string>& parts) {
                        std::string text;
                        for (const std::string& part : parts) text += part;
                        return text;
                      });
}

rc::Gen<Text> some_tags() {
  return rc::gen::container<Text>(some_text(), some_text());
}

RC_GTEST_PROP(PatchDecoder, RoundTripsTags, ()) {
  const Text tags = *some_tags();
  const std::string json = tags_json(tags);
  PatchDecoder decoder;
  const auto read = decoder.tags(json);
  RC_ASSERT(read.has_value());
  RC_ASSERT(copied(*read) == views(tags));
}

RC_GTEST_PROP(PatchDecoder, RoundTripsPatches, ()) {
  const auto value =
      rc::gen::oneOf(rc::gen::map(some_text(), [](std::string text) { return std::optional(text); }),
                     rc::gen::just(std::optional<std::string>()));
  const Deltas deltas = *rc::gen::nonEmpty(rc::gen::container<Deltas>(some_text(), value));
  const std::string json = patch_json(deltas);
  PatchDecoder decoder;
  const auto read = decoder.patch(json);
  RC_ASSERT(read.has_value());
  RC_ASSERT(copied(*read) == views(deltas));
}

RC_GTEST_PROP(PatchDecoder, RoundTripsCreations, ()) {
  const std::string id = *some_text();
  const std::string external_id = *some_text();
  const Text tags = *some_tags();
  std::string json;
  append_creation(id, external_id, views(tags), json);
  PatchDecoder decoder;
  const auto read = decoder.creation(json);
  RC_ASSERT(read.has_value());
  RC_ASSERT(read->id == id);
  RC_ASSERT(read->external_id == external_id);
  RC_ASSERT(copied(read->tags) == views(tags));
}

// Canonical means: for each content there is one text. So what is read and written again is the same text, or
// it was refused.
RC_GTEST_PROP(PatchDecoder, TakesOneSpellingOfEachContent, ()) {
  std::string json = tags_json(*some_tags());
  const auto at = *rc::gen::inRange<std::size_t>(0, json.size());
  const auto replacement = *rc::gen::element<std::string>("", "\"", "\\", "u", "0", "{", "}", ",", ":", "\n",
                                                          " ", "\\u00", "\\/", "null", std::string(1, '\0'));
  json.replace(at, *rc::gen::inRange<std::size_t>(0, 3), replacement);
  PatchDecoder decoder;
  const auto read = decoder.tags(json);
  if (!read) return;
  std::string again;
  append_tags(*read, again);
  RC_ASSERT(again == json);
}

}   // namespace
}   // namespace usertags::model
