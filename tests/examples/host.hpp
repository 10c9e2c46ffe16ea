// Host: what the examples of the documents take for granted, and do not say: a store with some users in it, a
// folder of its own to work in, and functions to which a host would hand what it reads.
#pragma once

#include <gtest/gtest.h>
#include <sqlite3.h>

#include <cassert>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <iostream>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <usertags/inspector.hpp>
#include <usertags/restorer.hpp>
#include <usertags/user_tag_store.hpp>
#include <vector>

#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

class Host : public testing::Test {
 protected:
  Host() {
    std::filesystem::current_path(folder_.path());
    fill(store);
  }
  ~Host() override { std::filesystem::current_path("/"); }

  // What an example of this file finds beside that.
  void before(std::string_view file) {
    if (file == "README.md" || file == "user_tag_store.hpp") return;   // they make users.db
    auto stored = usertags::UserTagStore::open("users.db").value();
    fill(stored);
    stored.close().value();
    if (file != "adoption.hpp") return;
    usertags::test::StockSqlite("users.db").run(R"(UPDATE user SET tags = '{"tier":"gold"}')");
  }

  // An error is what no example should meet.
  void report(const usertags::Error& error) { ADD_FAILURE() << error.message(); }
  void explain(const usertags::Violation& violation) { ADD_FAILURE() << in_words(violation); }
  void correct(const std::vector<usertags::ForeignChange>& changes) { ADD_FAILURE() << changes.size(); }

  template <class... Things>
  void show(const Things&...) {}
  void use(std::string_view, std::string_view) {}
  void reward(const usertags::UserId&) {}
  void mirror(const usertags::User&) {}
  void admit(std::string_view) {}
  void dismiss(std::string_view) {}
  void respond(std::string_view, std::string_view) {}
  void begin_anew() { ADD_FAILURE() << "the history is kept"; }
  std::string next_seats(const std::optional<usertags::TagValue>& seats) { return seats ? "more" : "1"; }
  std::int64_t seconds_since_1970() { return 1'795'474'591; }
  void note(const usertags::Result<usertags::Applied>& outcome) { EXPECT_TRUE(outcome); }
  void note(const usertags::Error& error) { ADD_FAILURE() << error.message(); }
  void forward(const usertags::Change& change) { forwarded_ = change.revision; }
  void save(const std::string& text) { saved = text; }
  bool running() const {
    return forwarded_ < store.revision();
  }   // the feed is followed until nothing is left

  usertags::UserTagStore store = usertags::UserTagStore::open_in_memory().value();
  std::string saved = usertags::Position().text();
  std::vector<std::string> arrivals{"user_ext_124", "user_ext_125"};
  std::string input = "gold,!churned";
  std::string text_from_somebody = "tier in (gold,silver), !churned";

 private:
  static void fill(usertags::UserTagStore& store) {
    store.create_user("user_ext_122", {{"tier", "silver"}}).value();
    store.create_user("user_ext_123", {{"tier", "gold"}, {"trial", "2026-11"}}).value();
  }

  usertags::test::TempDir folder_;
  std::uint64_t forwarded_ = 0;
};
