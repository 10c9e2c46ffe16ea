#include "support/answers.hpp"

#include <array>
#include <chrono>

#include "support/temp_dir.hpp"

namespace usertags::test {

std::vector<Result<Applied>> submit_each(UserTagStore& store, std::span<const Write> writes) {
  std::vector<Result<Applied>> answers;
  const auto submitted =
      store.submit({writes.begin(), writes.end()},
                   [&](std::vector<Result<Applied>>&& outcomes) { answers = std::move(outcomes); });
  if (!submitted) return {writes.size(), std::unexpected(submitted.error())};
  must(store.drain(), "drain");
  return answers;
}

std::vector<NamedAnswer> answers_to_writing(UserTagStore& store) {
  const TagBatch batch = TagBatch().set("key", "value");
  const std::array<Write, 1> writes{PatchUser{"nobody", batch, {}}};
  const auto each = store.apply_each(writes);
  return {
      {"create_user", code_of(store.create_user("somebody"))},
      {"ensure_user", code_of(store.ensure_user("somebody"))},
      {"apply", code_of(store.apply("nobody", batch))},
      {"modify", code_of(store.modify("nobody", [&](const User&) { return batch; }))},
      {"delete_user", code_of(store.delete_user("nobody"))},
      {"apply_each", each.empty() ? std::nullopt : code_of(each.front())},
      {"apply_all", code_of(store.apply_all(writes))},
      {"submit",
       code_of(store.submit({writes.begin(), writes.end()}, [](std::vector<Result<Applied>>&&) {}))},
      {"drain", code_of(store.drain())},
      {"checkpoint", code_of(store.checkpoint())},
      {"maintain", code_of(store.maintain(std::chrono::milliseconds(1)))},
      {"compact", code_of(store.compact())},
  };
}

std::vector<NamedAnswer> answers_to_reading(UserTagStore& store) {
  const std::array<UserRef, 1> refs{"nobody"};
  const TempDir folder(memory_folder());
  const auto found = store.find_each(refs);
  return {
      {"find", code_of(store.find("nobody"))},
      {"find_each", found.empty() ? std::nullopt : code_of(found.front())},
      {"read", code_of(store.read("nobody", [](const UserView&) {}))},
      {"list", code_of(store.list())},
      {"select", code_of(store.select(Selector()))},
      {"for_each", code_of(store.for_each(Selector(), [](const User&) {}))},
      {"count", code_of(store.count(Selector()))},
      {"tag_keys", code_of(store.tag_keys())},
      {"tag_values", code_of(store.tag_values("key"))},
      {"plan", code_of(store.plan("nobody", TagBatch().set("key", "value")))},
      {"changes", code_of(store.changes({}))},
      {"membership_changes",
       code_of(store.membership_changes(Selector(), Position(), [](const MembershipChange&) {}))},
      {"history", code_of(store.history("nobody"))},
      {"wait_for_changes", code_of(store.wait_for_changes({}, std::chrono::milliseconds(0)))},
      {"refresh", code_of(store.refresh())},
      {"read_at_least", code_of(store.read_at_least(0, std::chrono::milliseconds(0)))},
      {"verify", code_of(store.verify())},
      {"backup", code_of(store.backup(folder / "copy.db"))},
  };
}

}   // namespace usertags::test
