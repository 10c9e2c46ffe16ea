// A host as small as it gets: it embeds the library, writes, reads, and says what it read.
#include <cstdio>

#include <usertags/user_tag_store.hpp>

int main() {
  auto store = usertags::UserTagStore::open_in_memory();
  if (!store) return 1;
  if (!store->create_user("ada", {{"department", "engineering"}})) return 1;
  if (!store->apply("ada", usertags::TagBatch().set("tier", "gold"))) return 1;
  const auto gold = store->count(usertags::key("tier") == "gold" && !usertags::key("churned").exists());
  const auto user = store->find("ada");
  if (!gold || !user) return 1;
  for (const auto [key, value] : user->tags()) {
    std::printf("%.*s=%.*s\n", static_cast<int>(key.size()), key.data(), static_cast<int>(value.size()),
                value.data());
  }
  return gold->count == 1 && usertags::version().starts_with("0.") ? 0 : 1;
}
