// Stores in which a stock SQLite connection has been, for tests of adoptions.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <fstream>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "support/adopting.hpp"
#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/settings.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {

using Words = std::vector<std::string>;

inline Options relaxed() {
  Options options;
  options.durability = Durability::relaxed;
  return options;
}

class AdoptionTest : public testing::Test {
 protected:
  // Users ann, bob and cid with ordinals 1 to 3, and dan, 4, who is deleted. The log has all of it.
  void make_store(Ending ending) {
    CheckedStore store(path_, relaxed());
    must(store.create_user("ann", {{"tier", "trial"}}));
    must(store.create_user("bob", {{"tier", "trial"}, {"team", "red"}}));
    must(store.create_user("cid"));
    must(store.create_user("dan", {{"tier", "gold"}}));
    must(store.apply("ann", TagBatch().set("tier", "gold").set("team", "blue")));
    must(store.delete_user("dan"));
    must(store.apply("bob", TagBatch().erase("team")));
    end(store, ending);
  }
  void end(CheckedStore& store, Ending ending) {
    reference_.emplace(store.reference());
    if (ending == Ending::closed) must(store.store().close());
  }

  void set_limits(std::size_t tags, std::size_t operations) const {
    auto store = must(UserTagStore::open(path_));
    must(store.change_settings({.tags_per_user = tags, .operations_per_batch = operations}));
    must(store.close());
  }

  void run(const std::string& sql) const { StockSqlite(path_).run(sql); }
  std::string query(const std::string& sql) const { return StockSqlite(path_).query(sql).at(0).at(0); }

  void put_back(const std::pair<std::string, std::string>& image) const {
    std::filesystem::remove(path_.string() + "-shm");
    std::ofstream(path_, std::ios::binary) << image.first;
    std::ofstream(path_.string() + "-wal", std::ios::binary) << image.second;
  }

  Result<Adoption> adopt(const AdoptOptions& options = {.note = "by hand"}) const {
    return UserTagStore::adopt(path_, options);
  }
  // Adopts, and proves the store against the reference with the same changes.
  Adoption must_adopt() {
    const Adoption seen = must(adopt({.dry_run = true}));
    const Adoption adoption = must(adopt());
    EXPECT_TRUE(adoption.adopted);
    EXPECT_EQ(describe(seen.changes), describe(adoption.changes));
    take_in(*reference_, adoption, "by hand");
    expect_adopted(path_, *reference_);
    return adoption;
  }

  TempDir folder_{memory_folder()};
  std::filesystem::path path_ = folder_ / "users.db";
  std::optional<ReferenceStore> reference_;
};

// One that has forgotten most of its log.
class PrunedStore : public AdoptionTest {
 protected:
  static Options forgetful() {
    Options options = relaxed();
    settings_of(options).history.min_changes = 3;
    options.housekeeping.backlog_users = 1;
    return options;
  }
  // The log begins with revision 7: it mentions ann (n), bob (seats), and has all of fay; nothing of cid and
  // eve.
  PrunedStore() {
    auto store = must(UserTagStore::open(path_, forgetful()));
    must(store.create_user("ann", {{"tier", "trial"}}));
    must(store.create_user("bob", {{"tier", "trial"}, {"team", "red"}}));
    must(store.create_user("cid"));
    must(store.create_user("dan"));
    must(store.delete_user("dan"));
    must(store.create_user("eve", {{"n", "1"}}));
    must(store.apply("ann", TagBatch().set("n", "1")));
    must(store.apply("ann", TagBatch().set("n", "2")));
    must(store.apply("bob", TagBatch().set("seats", "1")));
    must(store.apply("bob", TagBatch().erase("seats")));
    must(store.create_user("fay", {{"x", "1"}}));
    must(store.close());
    EXPECT_EQ(query("SELECT log_floor FROM state"), "7");
    EXPECT_EQ(query("SELECT count(*) FROM user"), "5");
  }

  Adoption must_adopt() const {
    const Shown shown = shown_by_views(path_);
    const Adoption adoption = must(adopt());
    EXPECT_TRUE(adoption.adopted);
    for (int time = 0; time < 2; ++time) {
      auto store = must(UserTagStore::open(path_, forgetful()));
      EXPECT_EQ(shown_by(store), shown);
      EXPECT_EQ(shown_by_views(path_), shown);
      EXPECT_EQ(store.revision(), adoption.revision);
      EXPECT_TRUE(must(store.verify()).ok());
      const Position start = store.position().at(store.stats().log_floor - 1);
      EXPECT_EQ(must(store.changes(start)).changes.size(), adoption.revision - start.revision());
      must(store.close());
    }
    return adoption;
  }
};

}   // namespace usertags::test
