#include "input/write_in.hpp"

#include <array>
#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/string.hpp>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "input/json_in.hpp"

namespace usertags::command {

namespace {

namespace json = boost::json;

constexpr Shape kText{.text = true};
constexpr Shape kWhole{.whole = true};
constexpr Shape kFlag{.flag = true};

constexpr std::array kTagMembers = {Member{"key", &kText, true}, Member{"value", &kText, true}};
constexpr Shape kTag{.members = kTagMembers};
constexpr Shape kTags{.element = &kTag, .any_member = &kText};

constexpr std::array kGuardedTagMembers = {Member{"key", &kText, true}, Member{"value", &kText, true},
                                           Member{"expected_value", &kText}};
constexpr Shape kGuardedTag{.members = kGuardedTagMembers};
constexpr std::array kRemovalMembers = {Member{"key", &kText, true}, Member{"expected_value", &kText},
                                        Member{"must_exist", &kFlag}};
constexpr Shape kRemoval{.members = kRemovalMembers};

constexpr Shape kCreations{.element = &kTag};
constexpr Shape kGuardedTags{.element = &kGuardedTag};
constexpr Shape kRemovals{.element = &kRemoval};
constexpr std::array kOperationsMembers = {Member{"create", &kCreations}, Member{"update", &kGuardedTags},
                                           Member{"set", &kGuardedTags}, Member{"delete", &kRemovals}};
constexpr Shape kOperations{.members = kOperationsMembers};

constexpr std::array kBatchMembers = {Member{"tags", &kOperations, true}};
constexpr Shape kBatch{.members = kBatchMembers};

constexpr std::array kCreationMembers = {Member{"external_id", &kText, true}, Member{"tags", &kTags}};
constexpr Shape kCreation{.members = kCreationMembers};
constexpr std::array kWriteMembers = {Member{"user", &kText},       Member{"tags", &kOperations},
                                      Member{"create", &kCreation}, Member{"ensure", &kCreation},
                                      Member{"delete", &kText},     Member{"if_revision", &kWhole},
                                      Member{"token", &kText},      Member{"note", &kText}};
constexpr Shape kWrite{.members = kWriteMembers};

constexpr std::array kUserMembers = {Member{"id", &kText}, Member{"external_id", &kText, true},
                                     Member{"revision", &kWhole}, Member{"tags", &kTags}};
constexpr Shape kUser{.members = kUserMembers};
constexpr std::array kWholeUserMembers = {Member{"id", &kText, true}, Member{"external_id", &kText, true},
                                          Member{"revision", &kWhole, true}, Member{"tags", &kTags, true}};
constexpr Shape kWholeUser{.members = kWholeUserMembers};

std::string text_of(const json::value& value) {
  return std::string(value.get_string());
}

std::string text_at(const json::object& object, std::string_view name) {
  return text_of(object.at(name));
}

std::optional<std::string> optional_text(const json::object& object, std::string_view name) {
  const json::value* value = object.if_contains(name);
  if (value == nullptr) return {};
  return text_of(*value);
}

// In the order in which their operations stand in a batch.
constexpr std::array kKinds = {OperationKind::create, OperationKind::update, OperationKind::set,
                               OperationKind::erase};
static_assert(kKinds.size() == kOperationsMembers.size());

void add_operation(TagBatch& batch, OperationKind kind, const json::object& operation) {
  const std::string key = text_at(operation, "key");
  auto expected_value = optional_text(operation, "expected_value");
  switch (kind) {
    case OperationKind::create: batch.create(key, text_at(operation, "value")); return;
    case OperationKind::update:
      batch.update(key, text_at(operation, "value"), {std::move(expected_value)});
      return;
    case OperationKind::set: batch.set(key, text_at(operation, "value"), {std::move(expected_value)}); return;
    case OperationKind::erase: {
      const json::value* must_exist = operation.if_contains("must_exist");
      batch.erase(key, {.must_exist = must_exist != nullptr && must_exist->get_bool(),
                        .expected_value = std::move(expected_value)});
      return;
    }
  }
}

// In the order of the kinds, not of the members: members have none, and a token's request is the same then.
TagBatch batch_of(const json::object& operations) {
  TagBatch batch;
  for (const OperationKind kind : kKinds) {
    const json::value* list = operations.if_contains(to_string(kind));
    if (list == nullptr) continue;
    for (const json::value& operation : list->get_array()) {
      add_operation(batch, kind, operation.get_object());
    }
  }
  return batch;
}

// Members have no order: the request that is made of them has that of their names.
std::map<std::string_view, const json::value*> by_name(const json::object& object) {
  std::map<std::string_view, const json::value*> members;
  for (const auto& member : object) members.emplace(member.key(), &member.value());
  return members;
}

TagList tags_of(const json::object& owner) {
  TagList tags;
  const json::value* value = owner.if_contains("tags");
  if (value == nullptr) return tags;
  if (const json::object* map = value->if_object()) {
    const std::map<std::string_view, const json::value*> in_order = by_name(*map);
    for (const auto& [key, text] : in_order) tags.add(key, text_of(*text));
    return tags;
  }
  for (const json::value& tag : value->get_array()) {
    tags.add(text_at(tag.get_object(), "key"), text_at(tag.get_object(), "value"));
  }
  return tags;
}

CreateUser creation_of(const json::object& creation) {
  return {.external_id = text_at(creation, "external_id"), .tags = tags_of(creation), .options = {}};
}

ApplyOptions options_of(const json::object& write) {
  ApplyOptions options;
  if (const json::value* revision = write.if_contains("if_revision")) {
    options.expected_revision = revision->get_uint64();
  }
  options.token = optional_text(write, "token").value_or("");
  options.note = optional_text(write, "note").value_or("");
  return options;
}

Error refusal(std::string what) {
  return Error(ErrorCode::invalid_argument, std::move(what));
}

}   // namespace

Result<TagBatch> parse_batch(std::string_view text) {
  const auto value = parse_json(text, kBatch);
  if (!value) return std::unexpected(value.error());
  return batch_of(value->get_object().at("tags").get_object());
}

Result<Write> parse_write(std::string_view text) {
  const auto value = parse_json(text, kWrite);
  if (!value) return std::unexpected(value.error());
  const json::object& write = value->get_object();
  const json::value* user = write.if_contains("user");
  const json::value* tags = write.if_contains("tags");
  const json::value* create = write.if_contains("create");
  const json::value* erase = write.if_contains("delete");
  const json::value* ensure = write.if_contains("ensure");
  static_assert(std::variant_size_v<Write> == 4,
                "read the new kind of write here, and name its member below");
  if ((user != nullptr) + (create != nullptr) + (ensure != nullptr) + (erase != nullptr) != 1) {
    return std::unexpected(refusal("a write has one of the members user, create, ensure and delete"));
  }
  if ((user != nullptr) != (tags != nullptr)) {
    return std::unexpected(refusal("the members user and tags go together"));
  }
  ApplyOptions options = options_of(write);
  if (user != nullptr) return PatchUser{text_of(*user), batch_of(tags->get_object()), std::move(options)};
  if (erase != nullptr) return DeleteUser{text_of(*erase), std::move(options)};
  if (ensure != nullptr) {
    CreateUser creation = creation_of(ensure->get_object());
    return EnsureUser{std::move(creation.external_id), std::move(creation.tags), std::move(options)};
  }
  CreateUser creation = creation_of(create->get_object());
  creation.options = std::move(options);
  return creation;
}

Result<CreateUser> parse_user(std::string_view text) {
  const auto value = parse_json(text, kUser);
  if (!value) return std::unexpected(value.error());
  return creation_of(value->get_object());
}

Result<RestoredUser> parse_whole_user(std::string_view text) {
  const auto value = parse_json(text, kWholeUser);
  if (!value) return std::unexpected(value.error());
  const json::object& user = value->get_object();
  return RestoredUser{.id = text_at(user, "id"),
                      .external_id = text_at(user, "external_id"),
                      .revision = user.at("revision").get_uint64(),
                      .tags = tags_of(user)};
}

}   // namespace usertags::command
