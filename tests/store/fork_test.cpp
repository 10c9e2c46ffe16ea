// fork: the store stays with the parent; the child's copy refuses everything and harms nothing.
#include <gtest/gtest.h>
#include <unistd.h>

#include <optional>
#include <string>

#include "support/answers.hpp"
#include "support/child.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

TEST(Fork, TheChildsCopyRefusesAndTheParentGoesOn) {
  const TempDir folder;
  std::optional<UserTagStore> store = must(UserTagStore::open(folder / "users.db"));
  must(store->create_user("ann", {{"tier", "gold"}}));
  const std::optional<User> user = *store->find("ann");
  {
    Child child([&](const Reporter& parent) {
      for (const auto& answers : {answers_to_writing(*store), answers_to_reading(*store)}) {
        for (const NamedAnswer& answer : answers) {
          if (answer.code != ErrorCode::forked) parent.tell(std::string(answer.method));
        }
      }
      if (code_of(store->close()) != ErrorCode::forked) parent.tell("close");
      if (user->tag("tier") != "gold") parent.tell("a snapshot handed out before");
      store.reset();
      const auto locked = UserTagStore::open(folder / "users.db");
      parent.tell(std::string(to_string(locked.error().code())));
    });
    EXPECT_EQ(child.read_line(), "store_locked");   // the only line: nothing before it was told
    EXPECT_EQ(child.read_line(), std::nullopt);
    EXPECT_EQ(child.wait(), 0);
  }
  EXPECT_EQ(code_of(UserTagStore::open(folder / "users.db")), ErrorCode::store_locked);
  must(store->apply("ann", TagBatch().set("tier", "silver")));
  EXPECT_TRUE(must(store->verify()).ok());
  must(store->close());
  EXPECT_EQ(value_of(must(UserTagStore::open(folder / "users.db")), "ann", "tier"), "silver");
}

TEST(Fork, TheParentsEndFreesTheLockWhileTheChildLives) {
  const TempDir folder;
  std::optional<UserTagStore> store = must(UserTagStore::open(folder / "users.db"));
  Child child([&](const Reporter& parent) {
    parent.tell("alive");
    pause();
  });
  ASSERT_EQ(child.read_line(), "alive");
  store.reset();
  EXPECT_TRUE(UserTagStore::open(folder / "users.db"));
}

TEST(Fork, AChildMayOpenStoresOfItsOwn) {
  const TempDir folder;
  const auto store = must(UserTagStore::open(folder / "users.db"));
  Child child([&](const Reporter& parent) {
    auto own = must(UserTagStore::open(folder / "own.db"));
    must(own.create_user("bob", {{"tier", "gold"}}));
    parent.tell(value_of(own, "bob", "tier"));
  });
  EXPECT_EQ(child.read_line(), "gold");
  EXPECT_EQ(child.wait(), 0);
  EXPECT_EQ(value_of(must(UserTagStore::open(folder / "own.db")), "bob", "tier"), "gold");
}

}   // namespace
}   // namespace usertags::test
