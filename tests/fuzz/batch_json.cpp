// Writes as JSON: what is accepted is JSON to another parser, too, means the same when it is written down
// again, and a batch of it is judged as the reference does.
#include <boost/json.hpp>
#include <variant>

#include "fuzz/messages.hpp"
#include "fuzz/targets.hpp"
#include "input/write_in.hpp"
#include "support/checked_store.hpp"
#include "support/settings.hpp"

namespace usertags::fuzz {
namespace {

namespace json = boost::json;

json::object json_of(const Operation& operation) {
  json::object object{{"key", operation.key}};
  if (operation.kind != OperationKind::erase) object["value"] = operation.value;
  if (operation.expected_value) object["expected_value"] = *operation.expected_value;
  if (operation.must_exist) object["must_exist"] = true;
  return object;
}

json::object json_of(const TagBatch& batch) {
  json::object operations;
  for (const Operation& operation : batch.operations()) {
    json::value& list = operations[to_string(operation.kind)];
    if (!list.is_array()) list.emplace_array();
    list.get_array().push_back(json_of(operation));
  }
  return operations;
}

json::object json_of(const CreateUser& creation) {
  json::array tags;
  for (const auto& [key, value] : creation.tags) tags.push_back({{"key", key}, {"value", value}});
  return {{"external_id", creation.external_id}, {"tags", std::move(tags)}};
}

json::object json_of(const Write& write) {
  json::object object;
  const ApplyOptions* options = nullptr;
  if (const auto* create = std::get_if<CreateUser>(&write)) {
    object["create"] = json_of(*create);
    options = &create->options;
  } else if (const auto* ensure = std::get_if<EnsureUser>(&write)) {
    object["ensure"] = json_of(CreateUser{ensure->external_id, ensure->tags_if_created, {}});
    options = &ensure->options;
  } else if (const auto* patch = std::get_if<PatchUser>(&write)) {
    object["user"] = patch->user;
    object["tags"] = json_of(patch->batch);
    options = &patch->options;
  } else {
    const auto& deletion = std::get<DeleteUser>(write);
    object["delete"] = deletion.user;
    options = &deletion.options;
  }
  if (options->expected_revision) object["if_revision"] = *options->expected_revision;
  object["token"] = options->token;
  object["note"] = options->note;
  return object;
}

void expect_json(std::string_view text) {
  json::parse_options options;
  options.allow_invalid_utf8 = true;
  json::error_code error;
  json::parse(json::string_view(text.data(), text.size()), error, {}, options);
  test::expect(!error, "what is accepted", "JSON", test::in_quotes(text));
}

test::CheckedStore& store() {
  static test::CheckedStore store = [] {
    Options options;
    test::settings_of(options).tags_per_user = 4;
    options.settings->operations_per_batch = 5;
    test::CheckedStore made(options);
    made.create_user("ann", {{"a", "1"}, {"b", ""}, {"tier", "gold"}});
    return made;
  }();
  return store;
}

void examine_batch(std::string_view input) {
  const auto batch = command::parse_batch(input);
  if (!batch) return expect_refusal(batch.error(), ErrorCode::invalid_argument, input.size());
  expect_json(input);
  const std::string text = json::serialize(json::object{{"tags", json_of(*batch)}});
  const auto again = command::parse_batch(text);
  test::expect(again && *again == *batch, "a batch written down again", test::describe(*batch), text);
  store().plan("ann", *batch);
}

void examine_write(std::string_view input) {
  const auto write = command::parse_write(input);
  if (!write) return expect_refusal(write.error(), ErrorCode::invalid_argument, input.size());
  expect_json(input);
  const std::string text = json::serialize(json_of(*write));
  const auto again = command::parse_write(text);
  test::expect(again && test::describe(*again) == test::describe(*write), "a write written down again",
               test::describe(*write), text);
}

void examine_user(std::string_view input) {
  const auto user = command::parse_user(input);
  if (!user) return expect_refusal(user.error(), ErrorCode::invalid_argument, input.size());
  expect_json(input);
  const std::string text = json::serialize(json_of(*user));
  const auto again = command::parse_user(text);
  test::expect(again && test::describe(Write(*again)) == test::describe(Write(*user)),
               "a user written down again", test::describe(Write(*user)), text);
}

void examine(std::string_view input) {
  examine_batch(input);
  examine_write(input);
  examine_user(input);
}

}   // namespace

const Target batch_json{.name = "batch_json",
                        .what = "writes as JSON mean the same when written down again, and are judged right",
                        .examine = examine};

}   // namespace usertags::fuzz
