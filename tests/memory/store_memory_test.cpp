// Memory that runs out in any call of a store, at any allocation: the answer is the right one or
// out_of_memory, the store is as it was, and the next call is answered as if nothing had been.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <usertags/inspector.hpp>
#include <usertags/restorer.hpp>
#include <usertags/user_tag_store.hpp>

#include "memory/failing_memory.hpp"
#include "support/answers.hpp"
#include "support/everything.hpp"
#include "support/settings.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using namespace std::chrono_literals;
using Answer = std::optional<ErrorCode>;   // none: success

// Every allocation at first, then some: the later ones come in long runs of the same kind.
std::uint64_t after(std::uint64_t nth) {
  return nth + 1 + nth / 64;
}

// What all reads show: the users with their revisions and tags, and the store's revision.
Users image_of(const UserTagStore& store) {
  Users image = users_of(store);
  image["(the store)"] = {store.revision(), ""};
  return image;
}

Options small() {
  Options options;
  options.durability = Durability::relaxed;   // no power fails here
  options.housekeeping.backlog_users = 4;
  settings_of(options).history.min_changes = 20;
  settings_of(options).tokens.max_count = 10;
  return options;
}

class StoreMemory : public testing::TestWithParam<Sweep> {
 protected:
  StoreMemory() : store_(must(UserTagStore::open(path_, small()))) {
    for (int i = 0; i < 12; ++i) create("u" + std::to_string(i));
    for (int i = 0; i < 12; ++i) patch("u" + std::to_string(i));
  }
  void create(const std::string& name) {
    must(store_.create_user(name, {{"k", "v"}, {"name", name}}, {.token = "token of " + name}));
  }
  void patch(const std::string& name) {
    must(store_.apply(name, TagBatch().set("k", std::to_string(++value_))));
  }

  // `prepare` is called each time before call(), which is swept.
  void sweep(const char* what, const std::function<void()>& prepare, const std::function<Answer()>& call) {
    for (std::uint64_t nth = 0;; nth = after(nth)) {
      prepare();
      const Users before = image_of(store_);
      Answer answer;
      bool fired = false;
      {
        const FailingMemory fault(GetParam().at(nth));
        answer = call();
        fired = fault.fired();
      }
      expect_unharmed(what, nth, before, answer);
      if (HasFailure()) return;
      if (!fired) {
        EXPECT_EQ(answer, std::nullopt) << what;
        break;
      }
    }
    EXPECT_TRUE(must(store_.verify()).ok()) << what;
  }
  void sweep(const char* what, const std::function<Answer()>& call) {
    sweep(what, [] {}, call);
  }

  void expect_unharmed(const char* what, std::uint64_t nth, const Users& before, Answer answer) {
    EXPECT_TRUE(!answer || answer == ErrorCode::out_of_memory)
        << what << ", allocation " << nth << ": " << to_string(*answer);
    EXPECT_FALSE(store_.stats().failed) << what << ", allocation " << nth;
    if (answer) {
      EXPECT_EQ(image_of(store_), before) << what << ", allocation " << nth;
    }
    if (nth % 64 == 0) {
      const VerifyReport report = must(store_.verify());
      EXPECT_TRUE(report.ok()) << what << ", allocation " << nth << ": " << report.problems.front().what;
    }
  }

  void reopen() {
    must(store_.close());
    store_ = must(UserTagStore::open(path_, small()));
  }

  const TempDir folder_{memory_folder()};
  const std::filesystem::path path_ = folder_ / "users.db";
  UserTagStore store_;
  int value_ = 0;
};

// Of many answers: none where all succeeded, else the first failure.
template <class T>
Answer first_failure(const std::vector<Result<T>>& answers) {
  if (answers.empty()) return ErrorCode::out_of_memory;   // as documented
  const auto failed = std::ranges::find_if(answers, [](const auto& answer) { return !answer; });
  return failed == answers.end() ? std::nullopt : code_of(*failed);
}

TEST_P(StoreMemory, SingleWrites) {
  int next = 0;
  std::string name;
  ApplyOptions options;
  const auto rename = [&] {
    name = "a user with a long name, number " + std::to_string(next++);
    options.token = "a token that is long, too, of " + name;
    options.note = "a note";
  };
  const TagList tags{{"k", "v"}, {"tier", "gold"}, {"unique", "value"}};
  sweep("create_user", rename, [&] { return code_of(store_.create_user(name, tags, options)); });
  const TagBatch batch = TagBatch().set("k", "another value").set("q", "x").erase("tier");
  sweep("apply", [&] { patch("u1"); }, [&] { return code_of(store_.apply("u1", batch)); });
  sweep(
      "apply with a token", [&] { patch("u1"), rename(); },
      [&] { return code_of(store_.apply("u1", batch, options)); });
  sweep(
      "delete_user", [&] { create("gone " + std::to_string(++next)); },
      [&] { return code_of(store_.delete_user("gone " + std::to_string(next))); });
  reopen();
  EXPECT_TRUE(must(store_.verify()).ok());
}

TEST_P(StoreMemory, ManyWrites) {
  std::vector<Write> writes;
  int next = 0;
  const auto make = [&] {
    writes.clear();
    for (int i = 0; i < 12; ++i)
      writes.push_back(CreateUser{"many " + std::to_string(next++), {{"n", "1"}}, {}});
    writes.push_back(PatchUser{"u3", TagBatch().set("many", std::to_string(next)), {}});
  };
  sweep("apply_all", make, [&] { return code_of(store_.apply_all(writes)); });
  sweep("apply_each", make, [&] { return first_failure(store_.apply_each(writes)); });
  reopen();
  EXPECT_TRUE(must(store_.verify()).ok());
}

// So many that the tag index is left to the companion, which is to be had or not.
TEST_P(StoreMemory, AsManyWritesAsAreALargeGroup) {
  std::vector<Write> writes;
  const auto make = [&] {
    writes.clear();
    const std::string value = std::to_string(++value_);
    for (int i = 0; i < 72; ++i)
      writes.push_back(PatchUser{"u" + std::to_string(i % 12), TagBatch().set("k", value), {}});
  };
  sweep("apply_each", make, [&] { return first_failure(store_.apply_each(writes)); });
  reopen();
  EXPECT_TRUE(must(store_.verify()).ok());
}

// What a host's function decides on has its memory from before: here the store is short of it, not the host.
TEST_P(StoreMemory, FunctionsThatDecide) {
  std::vector<TagBatch> batches;
  const auto make = [&] {
    ++value_;
    batches.assign(20, TagBatch().set("k", std::to_string(value_)).set("a longer key", "decided"));
  };
  const auto decide = [&](const User&) {
    std::optional<TagBatch> batch(std::move(batches.back()));
    batches.pop_back();
    return batch;
  };
  const auto stopped = [](const WhereOutcome& outcome) {
    EXPECT_EQ(outcome.refused, 0U);
    return outcome.stopped ? Answer(outcome.stopped->code()) : Answer();
  };
  const Selector selector = must(Selector::parse("name in (u1, u2, u3, u4), k"));
  const WhereOptions options{.note = "a note that is longer than what a string holds in place"};
  sweep("modify", make, [&] { return code_of(store_.modify("u1", decide)); });
  sweep("modify_where", make, [&] { return stopped(store_.modify_where(selector, decide, options)); });
  sweep("apply_where", make, [&] { return stopped(store_.apply_where(selector, batches.front(), options)); });
  sweep(
      "delete_where",
      [&] {
        make();
        must(store_.ensure_user("gone", {{"k", "v"}, {"name", "gone"}}));
      },
      [&] { return stopped(store_.delete_where("name=gone", options)); });
  const TagList tags{{"k", "v"}};
  sweep("ensure_user", [&] { return code_of(store_.ensure_user("u1", tags)); });
  reopen();
  EXPECT_TRUE(must(store_.verify()).ok());
}

TEST_P(StoreMemory, Figures) {
  sweep("metrics_text", [&] { return code_of(store_.metrics_text()); });
  sweep("settings", [&] { return code_of(store_.settings()); });
  std::uint64_t limit = 200;
  sweep(
      "change_settings", [&] { ++limit; },
      [&] { return code_of(store_.change_settings({.tags_per_user = limit})); });
}

TEST_P(StoreMemory, Reading) {
  const Selector selector = must(Selector::parse("k, any(k ~ v*, name in (u1, u2)), not(x = y)"));
  const std::vector<UserRef> refs{"u1", "u2"};
  const TagBatch batch = TagBatch().set("k", "planned");
  const ApplyOptions known{.token = "token of u11"};
  sweep("find", [&] { return code_of(store_.find("u1")); });
  sweep("read", [&] { return code_of(store_.read("u1", [](const UserView&) {})); });
  sweep("find_each", [&] { return first_failure(store_.find_each(refs)); });
  sweep("list", [&] { return code_of(store_.list()); });
  sweep("select", [&] { return code_of(store_.select(selector)); });
  sweep("count", [&] { return code_of(store_.count(selector)); });
  sweep("for_each", [&] { return code_of(store_.for_each(selector, [](const User&) {})); });
  sweep("tag_keys", [&] { return code_of(store_.tag_keys()); });
  sweep("tag_values", [&] { return code_of(store_.tag_values("k")); });
  sweep("plan", [&] { return code_of(store_.plan("u1", batch)); });
  sweep("plan with a token", [&] {
    const auto answer = code_of(store_.plan("u11", batch, known));
    return answer == ErrorCode::token_reused ? Answer() : answer;   // of a creation
  });
  sweep("parse", [&] { return code_of(Selector::parse("k, any(k ~ v*, name in (u1, u2)), not(x = y)")); });
}

TEST_P(StoreMemory, ReadingTheLog) {
  Position position;
  const auto change = [&] {
    position = store_.position();
    patch("u1");
  };
  sweep("changes", change, [&] { return code_of(store_.changes(position)); });
  sweep("history", [&] { return code_of(store_.history("u1")); });
  const Selector members = must(Selector::parse("k != v"));
  sweep("membership_changes", change, [&] {
    return code_of(store_.membership_changes(members, position, [](const MembershipChange&) {}));
  });
  sweep("wait_for_changes", change, [&] { return code_of(store_.wait_for_changes(position, 0ms)); });
  const auto beyond = [&] { return code_of(store_.read_at_least(1'000'000, 0ms)); };
  sweep("read_at_least", [&] {
    const Answer answer = beyond();
    return answer == ErrorCode::timeout ? Answer() : answer;
  });
}

TEST_P(StoreMemory, Care) {
  const auto change = [&] {
    for (int i = 0; i < 8; ++i) patch("u" + std::to_string(i));
  };
  sweep("maintain", change, [&] { return code_of(store_.maintain(1s)); });
  sweep("checkpoint", change, [&] { return code_of(store_.checkpoint()); });
  sweep("compact", change, [&] { return code_of(store_.compact()); });
  sweep("verify", [&] {
    const auto report = store_.verify();
    EXPECT_TRUE(!report || report->ok()) << report->problems.front().what;
    return code_of(report);
  });
  const std::filesystem::path copy = folder_ / "copy.db";
  sweep("backup", [&] { return code_of(store_.backup(copy)); });
  for (const auto& file : std::filesystem::directory_iterator(folder_.path()))
    EXPECT_FALSE(file.path().filename().string().starts_with(".usertags-backup"))
        << "a copy that failed is left";
  reopen();
}

// More pages than SQLite takes memory for at once: it tells one that it could not get among the problems.
TEST_P(StoreMemory, VerifyingManyPages) {
  std::vector<Write> writes;
  for (int i = 0; i < 300; ++i) {
    const std::string value(190, 'x');
    writes.push_back(
        CreateUser{"large " + std::to_string(i), {{"a", value}, {"b", value}, {"c", value}}, {}});
  }
  must(store_.apply_all(writes));
  must(store_.checkpoint());
  bool fired = true;
  for (std::uint64_t nth = 0; fired; nth += 2) {
    std::optional<Result<VerifyReport>> report;
    {
      const FailingMemory fault(GetParam().at(nth));
      report.emplace(store_.verify());
      fired = fault.fired();
    }
    const bool is_right = *report ? (*report)->ok() : report->error() == ErrorCode::out_of_memory;
    ASSERT_TRUE(is_right) << nth << ": " << (*report ? (*report)->problems.front().what : told(*report));
  }
}

TEST_P(StoreMemory, OpeningAndClosing) {
  std::optional<UserTagStore> other;
  const std::filesystem::path path = folder_ / "other.db";
  Options read_only = small();
  read_only.access = Access::read_only;
  {
    auto made = must(UserTagStore::open(path, small()));
    for (int i = 0; i < 12; ++i)
      must(made.create_user("u" + std::to_string(i), {{"k", "v"}}, {.token = "t" + std::to_string(i)}));
  }
  const auto image = image_of(must(UserTagStore::open(path, small())));
  const auto try_to_open = [&](const Options& options) {
    auto opened = UserTagStore::open(path, options);
    const Answer answer = code_of(opened);
    if (opened) other.emplace(*std::move(opened));
    return answer;
  };
  const auto let_go = [&] {
    EXPECT_TRUE(!other || image_of(*other) == image);
    other.reset();
  };
  sweep("open", let_go, [&] { return try_to_open(small()); });
  sweep("open for reading", let_go, [&] { return try_to_open(read_only); });
  let_go();
  sweep(
      "close", [&] { other.emplace(must(UserTagStore::open(path, small()))); },
      [&] { return code_of(other->close()); });
  EXPECT_EQ(image_of(must(UserTagStore::open(path, small()))), image);
}

TEST_P(StoreMemory, Following) {
  Options options;
  options.access = Access::read_only;
  auto follower = must(UserTagStore::open(path_, options));
  int next = 0;
  const auto change = [&] {
    must(follower.refresh());
    EXPECT_EQ(image_of(follower), image_of(store_));
    const std::string name = "new " + std::to_string(next++);
    create(name);
    patch("u1");
    must(store_.delete_user(name));
  };
  sweep("refresh", change, [&] { return code_of(follower.refresh()); });
  change();
  EXPECT_TRUE(must(follower.verify()).ok());
}

TEST_P(StoreMemory, Inspecting) {
  std::optional<Inspector> inspector;
  const auto nothing = [] {};
  sweep("inspect", nothing, [&] {
    auto opened = Inspector::open(path_);
    const Answer answer = code_of(opened);
    if (opened) inspector.emplace(*std::move(opened));
    return answer;
  });
  sweep("find", nothing, [&] { return code_of(inspector->find("u1")); });
  sweep("list", nothing, [&] { return code_of(inspector->list({.limit = 5})); });
  sweep("for_each", nothing, [&] { return code_of(inspector->for_each([](const User&) {})); });
  sweep("changes", nothing, [&] { return code_of(inspector->changes(Position().at(20), 5)); });
  sweep("history", nothing, [&] { return code_of(inspector->history("u1")); });
  sweep("info", nothing, [&] { return code_of(inspector->info(Inspector::Figures::of_users)); });
}

TEST_P(StoreMemory, Restoring) {
  std::vector<RestoredUser> users;
  must(store_.for_each(Selector(), [&](const User& user) {
    users.push_back({.id = user.id(),
                     .external_id = std::string(user.external_id()),
                     .revision = user.revision(),
                     .tags = {{"k", value_of(user, "k")}, {"name", value_of(user, "name")}}});
  }));
  const std::filesystem::path copy = folder_ / "copy.db";
  RestoredStore head;
  head.revision = store_.revision();
  head.last_id = users.back().id;
  const std::string digest = must(store_.verify()).digest;
  // A step that had no memory ends it: what was begun leaves nothing.
  const auto restore = [&]() -> Result<void> {
    auto restorer = Restorer::begin(copy, head);
    if (!restorer) return std::unexpected(restorer.error());
    for (const RestoredUser& user : users) {
      if (auto added = restorer->add(user); !added) return added;
    }
    return restorer->finish(digest);
  };
  bool is_left = false;
  const auto remove = [&] {
    is_left = std::filesystem::exists(copy);
    std::filesystem::remove(copy);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 4)
        << "the store's files";
  };
  sweep("restore", remove, [&] { return code_of(restore()); });
  EXPECT_TRUE(std::filesystem::exists(copy));
  EXPECT_FALSE(is_left) << "by one that failed";
}

TEST_P(StoreMemory, Adopting) {
  must(store_.close());
  const std::filesystem::path original = folder_ / "original.db";
  {
    StockSqlite stock(path_, SQLITE_OPEN_READWRITE);
    stock.query("UPDATE user SET tags = '{\"k\":\"changed\"}' WHERE ordinal < 4");
  }
  std::filesystem::copy_file(path_, original);
  bool fired = true;
  for (std::uint64_t nth = 0; fired && !HasFailure(); nth = after(nth)) {
    std::filesystem::copy_file(original, path_, std::filesystem::copy_options::overwrite_existing);
    Answer answer;
    {
      const FailingMemory fault(GetParam().at(nth));
      answer = code_of(UserTagStore::adopt(path_));
      fired = fault.fired();
    }
    EXPECT_TRUE(!answer || answer == ErrorCode::out_of_memory) << nth << ": " << to_string(*answer);
    EXPECT_EQ(code_of(UserTagStore::open(path_, small())),
              answer ? Answer(ErrorCode::foreign_write) : Answer())
        << nth;
  }
  store_ = must(UserTagStore::open(path_, small()));
  EXPECT_EQ(value_of(store_, "u1", "k"), "changed");
}

// Memory for a group and none for what comes with it: the group is committed.
TEST(StoreMemoryHousekeeping, HarmsNoGroup) {
  const TempDir folder(memory_folder());
  Options options = small();
  std::vector<std::string> lines;
  options.log = [&](LogLevel level, std::string_view line) {
    if (level != LogLevel::info) lines.emplace_back(line);
  };
  auto store = must(UserTagStore::open(folder / "users.db", options));
  for (int i = 0; i < 40; ++i) must(store.create_user("u" + std::to_string(i), {{"k", "v"}}));
  bool has_put_off = false;
  int value = 0;
  for (std::uint64_t nth = 0; nth < 400 && !has_put_off; ++nth) {
    for (int i = 0; i < 20; ++i)
      must(store.apply("u" + std::to_string(i), TagBatch().set("k", std::to_string(++value))));
    lines.clear();
    const TagBatch batch = TagBatch().set("k", std::to_string(++value));
    Answer answer;
    {
      const FailingMemory fault({.nth = nth, .allocator = Allocator::sqlite});
      answer = code_of(store.apply("u1", batch));
    }
    has_put_off = !lines.empty() && lines.front().starts_with("housekeeping is put off");
    EXPECT_TRUE(!has_put_off || !answer);
  }
  EXPECT_TRUE(has_put_off) << "no allocation hit it";
  EXPECT_TRUE(must(store.verify()).ok());
}

// The companion's thread has no memory: it prepares nothing, or this thread has done its work.
TEST(StoreMemoryElsewhere, ALargeGroupIsRefusedWholeOrApplied) {
  const TempDir folder(memory_folder());
  UserTagStore store = must(UserTagStore::open(folder / "users.db", small()));
  int refused = 0;
  for (int round = 0; refused < 3; ++round) {
    std::vector<Write> writes;
    for (int i = 0; i < 200; ++i) {
      const std::string number = std::to_string(round) + "-" + std::to_string(i);
      writes.push_back(CreateUser{"user " + number, {{"a value of its own", number}}, {}});
    }
    const Users before = image_of(store);
    std::vector<Result<Applied>> answers;
    {
      const FailingMemoryElsewhere fault;
      answers = store.apply_each(writes);
      if (!fault.fired()) continue;
    }
    ++refused;
    for (const auto& answer : answers) ASSERT_EQ(code_of(answer), ErrorCode::out_of_memory);
    EXPECT_EQ(image_of(store), before);
    EXPECT_EQ(first_failure(store.apply_each(writes)), std::nullopt);
    EXPECT_TRUE(must(store.verify()).ok());
  }
  must(store.close());
}

INSTANTIATE_TEST_SUITE_P(Sweeps, StoreMemory,
                         testing::Values(Sweep{Allocator::cxx, false}, Sweep{Allocator::cxx, true},
                                         Sweep{Allocator::sqlite, false}, Sweep{Allocator::sqlite, true},
                                         Sweep{Allocator::both, true}, Sweep{Allocator::c, false},
                                         Sweep{Allocator::c, true}),
                         testing::PrintToStringParamName());

}   // namespace
}   // namespace usertags::test
