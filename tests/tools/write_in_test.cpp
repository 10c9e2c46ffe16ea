#include "input/write_in.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace usertags::command {
namespace {

std::string refusal(const Error& error) {
  EXPECT_EQ(error, ErrorCode::invalid_argument);
  return error.message();
}

TEST(WriteIn, TakesKindsInTheirOwnOrderWhateverThatOfTheMembers) {
  const auto batch = parse_batch(R"({"tags":{
    "delete":[{"key":"d"},{"key":"e","must_exist":true,"expected_value":"x"}],
    "set":[{"key":"s","value":"1","expected_value":""}],
    "create":[{"value":"2","key":"c"}],
    "update":[{"key":"u","value":"3","expected_value":"old"}]}})");
  ASSERT_TRUE(batch.has_value()) << batch.error().message();
  EXPECT_EQ(*batch, TagBatch()
                        .create("c", "2")
                        .update("u", "3", {"old"})
                        .set("s", "1", {""})
                        .erase("d")
                        .erase("e", {.must_exist = true, .expected_value = "x"}));
}

TEST(WriteIn, KnowsEveryKindOfOperation) {
  int kinds = 0;
  for (; to_string(static_cast<OperationKind>(kinds)) != "unknown"; ++kinds) {
    const std::string name(to_string(static_cast<OperationKind>(kinds)));
    const std::string value = name == "delete" ? "" : R"(,"value":"v")";
    const auto batch = parse_batch(R"({"tags":{")" + name + R"(":[{"key":"k")" + value + "}]}}");
    ASSERT_TRUE(batch.has_value()) << batch.error().message();
    ASSERT_EQ(batch->size(), 1U) << name;
    EXPECT_EQ(batch->operations()[0].kind, static_cast<OperationKind>(kinds));
  }
  EXPECT_GE(kinds, 4);
}

TEST(WriteIn, TakesAnEmptyBatch) {
  EXPECT_EQ(parse_batch(R"({"tags":{}})"), TagBatch());
  EXPECT_EQ(parse_batch(R"({"tags":{"set":[]}})"), TagBatch());
}

TEST(WriteIn, RefusesGuardsWhereTheyMeanNothing) {
  EXPECT_FALSE(parse_batch(R"({"tags":{"create":[{"key":"k","value":"v","expected_value":"o"}]}})"));
  EXPECT_FALSE(parse_batch(R"({"tags":{"set":[{"key":"k","value":"v","must_exist":true}]}})"));
  EXPECT_FALSE(parse_batch(R"({"tags":{"delete":[{"key":"k","value":"v"}]}})"));
}

TEST(WriteIn, TakesEachKindOfWriteWithItsOptions) {
  const auto patch =
      parse_write(R"({"if_revision":7,"note":"n","user":"u","tags":{"set":[{"key":"k","value":"v"}]}})");
  ASSERT_TRUE(patch.has_value()) << patch.error().message();
  const auto& patched = std::get<PatchUser>(*patch);
  EXPECT_EQ(patched.user, "u");
  EXPECT_EQ(patched.batch, TagBatch().set("k", "v"));
  EXPECT_EQ(patched.options.expected_revision, 7u);
  EXPECT_EQ(patched.options.note, "n");

  const auto creation =
      parse_write(R"({"create":{"external_id":"e","tags":[{"key":"k","value":"v"}]},"note":"n"})");
  ASSERT_TRUE(creation.has_value()) << creation.error().message();
  const auto& created = std::get<CreateUser>(*creation);
  EXPECT_EQ(created.external_id, "e");
  ASSERT_EQ(created.tags.size(), 1u);
  EXPECT_EQ(created.tags[0], TagList::Entry("k", "v"));
  EXPECT_EQ(created.options.note, "n");

  const auto ensuring = parse_write(R"({"ensure":{"external_id":"e","tags":{"k":"v"}},"token":"t"})");
  ASSERT_TRUE(ensuring.has_value()) << ensuring.error().message();
  const auto& ensured = std::get<EnsureUser>(*ensuring);
  EXPECT_EQ(ensured.external_id, "e");
  ASSERT_EQ(ensured.tags_if_created.size(), 1u);
  EXPECT_EQ(ensured.options.token, "t");

  const auto deletion = parse_write(R"({"delete":"u","if_revision":0})");
  ASSERT_TRUE(deletion.has_value()) << deletion.error().message();
  EXPECT_EQ(std::get<DeleteUser>(*deletion).user, "u");
  EXPECT_EQ(std::get<DeleteUser>(*deletion).options.expected_revision, 0u);
}

TEST(WriteIn, RefusesAWriteThatIsNoneOrTwo) {
  for (const char* line : {"{}", R"({"note":"n"})", R"({"user":"u"})", R"({"tags":{}})",
                           R"({"delete":"u","user":"u","tags":{}})", R"({"delete":"u","tags":{}})",
                           R"({"create":{"external_id":"e"},"delete":"u"})",
                           R"({"create":{"external_id":"e"},"ensure":{"external_id":"e"}})",
                           R"({"create":{}})", R"({"delete":"u","tokens":"t"})", R"([])", "", "x"}) {
    const auto write = parse_write(line);
    ASSERT_FALSE(write.has_value()) << line;
    EXPECT_EQ(write.error(), ErrorCode::invalid_argument) << line;
  }
}

TEST(WriteIn, NamesTheMemberThatItDoesNotKnow) {
  EXPECT_EQ(refusal(parse_write(R"({"delete":"u","tokens":"t"})").error()),
            "there is no member tokens (at byte 21)");
}

TEST(WriteIn, TakesTagsOfAUserInBothForms) {
  for (const char* line : {R"({"external_id":"e","tags":{"b":"1","a":"2"}})",
                           R"({"id":"user_x","revision":9,"external_id":"e",
                               "tags":[{"key":"b","value":"1"},{"key":"a","value":"2"}]})"}) {
    const auto user = parse_user(line);
    ASSERT_TRUE(user.has_value()) << user.error().message();
    EXPECT_EQ(user->external_id, "e");
    ASSERT_EQ(user->tags.size(), 2u);
    const bool is_object = std::string_view(line).find('[') == std::string_view::npos;
    EXPECT_EQ(user->tags[is_object ? 1 : 0], TagList::Entry("b", "1"))
        << "the members of an object have no order";
    EXPECT_EQ(user->tags[is_object ? 0 : 1], TagList::Entry("a", "2"));
  }
  EXPECT_TRUE(parse_user(R"({"external_id":"e"})").has_value());
  EXPECT_FALSE(parse_user(R"({"tags":{}})").has_value());
  EXPECT_FALSE(parse_user(R"({"external_id":"e","tags":{"a":1}})").has_value());
}

}   // namespace
}   // namespace usertags::command
