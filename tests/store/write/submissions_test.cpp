// Submitting without waiting: what is accepted is answered exactly once, in order, and nowhere else than was said.
#include <gtest/gtest.h>
#include <pthread.h>
#include <sqlite3.h>

#include <atomic>
#include <csignal>
#include <latch>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/answers.hpp"
#include "support/child.hpp"
#include "support/fault_vfs.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

using Outcomes = std::vector<Result<Applied>>;

std::vector<Write> creations(const std::string& name, std::size_t count) {
  std::vector<Write> writes;
  for (std::size_t i = 0; i < count; ++i)
    writes.push_back(CreateUser{.external_id = name + std::to_string(i)});
  return writes;
}

const auto ignore = [](Outcomes&&) {};

// What was called, in the order of the calls.
class Calls {
 public:
  auto callback(std::string name) {
    return [this, name = std::move(name)](Outcomes&& outcomes) {
      const std::scoped_lock lock(mutex_);
      names_.push_back(name);
      outcomes_.push_back(std::move(outcomes));
      threads_.push_back(std::this_thread::get_id());
    };
  }

  std::vector<std::string> names() const {
    const std::scoped_lock lock(mutex_);
    return names_;
  }
  const Outcomes& outcomes(std::size_t index) const { return outcomes_.at(index); }
  std::thread::id thread(std::size_t index) const { return threads_.at(index); }

 private:
  mutable std::mutex mutex_;
  std::vector<std::string> names_;
  std::vector<Outcomes> outcomes_;
  std::vector<std::thread::id> threads_;
};

Options with_thread() {
  Options options;
  options.commit_thread = true;
  return options;
}

// The same store, with a thread of its own and without. drain() is called in both.
class Submissions : public testing::TestWithParam<bool> {
 protected:
  Options options() const { return GetParam() ? with_thread() : Options(); }

  TempDir folder_{memory_folder()};
  std::filesystem::path path_ = folder_ / "users.db";
};

INSTANTIATE_TEST_SUITE_P(CommitThread, Submissions, testing::Bool());

TEST_P(Submissions, AreAnsweredOnceWithTheOutcomesOfTheirWrites) {
  auto store = must(UserTagStore::open(path_, options()));
  std::vector<Write> writes = creations("u", 3);
  writes.push_back(CreateUser{.external_id = "u1"});
  Calls calls;
  must(store.submit(std::move(writes), calls.callback("four")));
  must(store.drain());
  must(store.drain());
  ASSERT_EQ(calls.names(), std::vector<std::string>{"four"});
  const Outcomes& outcomes = calls.outcomes(0);
  ASSERT_EQ(outcomes.size(), 4U);
  EXPECT_EQ(must(outcomes[2]).revision, 3U);
  EXPECT_EQ(outcomes[3].error(), ErrorCode::user_exists);
  must(store.close());
  EXPECT_TRUE(must(UserTagStore::open(path_)).find("u2")) << "it was durable";
}

TEST_P(Submissions, AreVisibleWhenTheyAreAnswered) {
  auto store = must(UserTagStore::open_in_memory(options()));
  std::optional<bool> was_there;
  must(store.submit(creations("u", 1), [&](Outcomes&&) { was_there = store.find("u0").has_value(); }));
  must(store.drain());
  EXPECT_EQ(was_there, true);
}

// Longer than a group: a shorter one behind it does not come in between.
TEST_P(Submissions, AreJudgedWholeAndInOrder) {
  auto store = must(UserTagStore::open_in_memory(options()));
  Calls calls;
  must(store.submit(creations("long", 10'000), calls.callback("long")));
  must(store.submit(creations("short", 1), calls.callback("short")));
  must(store.submit(creations("again", 5'000), calls.callback("again")));
  must(store.drain());
  EXPECT_EQ(calls.names(), (std::vector<std::string>{"long", "short", "again"}));
  EXPECT_EQ(must(calls.outcomes(0).back()).revision, 10'000U);
  EXPECT_EQ(must(calls.outcomes(1).front()).revision, 10'001U);
  EXPECT_EQ(must(calls.outcomes(2).back()).revision, 15'001U);
}

TEST_P(Submissions, ComeBeforeBlockingWritesThatFollow) {
  auto store = must(UserTagStore::open_in_memory(options()));
  must(store.submit(creations("u", 6'000), ignore));
  EXPECT_EQ(must(store.apply("u5999", TagBatch().set("a", "1"))).revision, 6'001U);
}

TEST_P(Submissions, OfNothingAreAnsweredInTheirPlace) {
  auto store = must(UserTagStore::open_in_memory(options()));
  Calls calls;
  must(store.submit(creations("u", 1), calls.callback("one")));
  must(store.submit({}, calls.callback("nothing")));
  must(store.drain());
  EXPECT_EQ(calls.names(), (std::vector<std::string>{"one", "nothing"}));
  EXPECT_TRUE(calls.outcomes(1).empty());
}

TEST_P(Submissions, TakeACallbackThatCanOnlyBeMoved) {
  auto store = must(UserTagStore::open_in_memory(options()));
  int answered = 0;
  must(store.submit(creations("u", 1),
                    [&answered, held = std::make_unique<int>(7)](Outcomes&&) { answered = *held; }));
  must(store.drain());
  EXPECT_EQ(answered, 7);
}

TEST_P(Submissions, BearDeadlinesThatAreJudgedWhenAGroupTakesThem) {
  auto store = must(UserTagStore::open_in_memory(options()));
  Calls calls;
  std::vector<Write> writes = creations("u", 2);
  std::get<CreateUser>(writes[0]).options.deadline = std::chrono::steady_clock::time_point();
  must(store.submit(std::move(writes), calls.callback("late")));
  must(store.drain());
  EXPECT_EQ(calls.outcomes(0)[0].error(), ErrorCode::timeout);
  EXPECT_TRUE(calls.outcomes(0)[1].has_value());
}

// --- Refusals: nothing is taken, and nobody called. ---

void expect_refused(UserTagStore& store, std::vector<Write> writes, ErrorCode code) {
  const Write* const place = writes.data();
  const std::size_t count = writes.size();
  bool was_called = false;
  auto held = std::make_shared<int>();
  const std::weak_ptr<int> watched = held;
  const auto refused = store.submit(std::move(writes),
                                    [&was_called, held = std::move(held)](Outcomes&&) { was_called = true; });
  EXPECT_EQ(code_of(refused), code);
  EXPECT_TRUE(watched.expired()) << "the callback is destroyed";
  EXPECT_EQ(writes.data(), place)
      << "the writes are as they were";   // NOLINT(bugprone-use-after-move): promised
  EXPECT_EQ(writes.size(), count);
  std::ignore = store.drain();
  EXPECT_FALSE(was_called);
}

TEST(SubmissionsRefused, WhereTheQueueHasNoRoomForTheWrites) {
  Options options;
  options.queue_writes = 10;
  auto store = must(UserTagStore::open_in_memory(options));
  must(store.submit(creations("a", 8), ignore));
  EXPECT_EQ(code_of(store.submit(creations("b", 3), ignore)), ErrorCode::busy);
  must(store.submit(creations("c", 2), ignore));
  const auto full = store.submit(creations("d", 1), ignore);
  EXPECT_NE(full.error().message().find("10 of 10 writes"), std::string::npos) << full.error().message();
  must(store.submit({}, ignore));
  must(store.drain());
  expect_refused(store, creations("e", 11), ErrorCode::busy);
  must(store.submit(creations("f", 10), ignore));
  must(store.drain());
  EXPECT_EQ(store.revision(), 20U);
}

TEST(SubmissionsRefused, WhereTheQueueHasNoRoomForTheBytes) {
  Options options;
  options.queue_bytes = 100'000;
  auto store = must(UserTagStore::open_in_memory(options));
  std::size_t taken = 0;
  const auto submit_one = [&] {
    const TagBatch batch = TagBatch().set("k", std::string(10'000, 'v'));
    return store.submit({PatchUser{.user = "nobody", .batch = batch}}, ignore);
  };
  while (submit_one()) ++taken;
  EXPECT_EQ(taken, 9U);
  must(store.drain());
  must(submit_one());
  must(store.drain());
}

TEST(SubmissionsRefused, WhereTheStoreCannotBeWrittenTo) {
  const TempDir folder(memory_folder());
  auto store = must(UserTagStore::open(folder / "users.db"));
  Options read_only = with_thread();
  read_only.access = Access::read_only;
  auto follower = must(UserTagStore::open(folder / "users.db", read_only));
  expect_refused(follower, creations("u", 2), ErrorCode::read_only);
  EXPECT_EQ(code_of(follower.drain()), ErrorCode::read_only);
  must(store.close());
  expect_refused(store, creations("u", 2), ErrorCode::store_closed);
  EXPECT_EQ(code_of(store.drain()), ErrorCode::store_closed);
  const UserTagStore moved = std::move(follower);
  expect_refused(follower, creations("u", 2), ErrorCode::store_closed);   // NOLINT(bugprone-use-after-move)
}

TEST(SubmissionsRefused, InAChildAfterForkWhereNobodyIsCalled) {
  const TempDir folder(memory_folder());
  std::optional<UserTagStore> store = must(UserTagStore::open(folder / "users.db"));
  std::optional<Reporter> child;
  struct Destroyed {
    std::optional<Reporter>& child;
    ~Destroyed() {
      if (child) child->tell("destroyed");
    }
  };
  must(store->submit(creations("u", 1), [&child, held = std::make_unique<Destroyed>(child)](Outcomes&&) {
    if (child) child->tell("called");
  }));
  Child process([&](const Reporter& parent) {
    child = parent;
    parent.tell(std::string(to_string(store->submit(creations("c", 1), ignore).error().code())));
    parent.tell(std::string(to_string(store->drain().error().code())));
    store.reset();
    parent.tell("end");
  });
  EXPECT_EQ(process.read_line(), "forked");
  EXPECT_EQ(process.read_line(), "forked");
  EXPECT_EQ(process.read_line(), "end");
  EXPECT_EQ(process.wait(), 0);
  must(store->close());
}

TEST(SubmissionsRefused, WithAThreadOfTheStoreAChildIsNotHeldUp) {
  const TempDir folder(memory_folder());
  std::optional<UserTagStore> store = must(UserTagStore::open(folder / "users.db", with_thread()));
  must(store->submit(creations("u", 100), ignore));
  Child process([&](const Reporter&) { store.reset(); });
  EXPECT_EQ(process.wait(), 0);
  must(store->drain());
}

// --- Who calls. ---

TEST(SubmissionCallbacks, ComeOnlyWhenSomebodyDrains) {
  auto store = must(UserTagStore::open_in_memory());
  Calls calls;
  must(store.submit(creations("u", 1), calls.callback("first")));
  must(store.create_user("ann"));
  EXPECT_TRUE(store.find("u0")) << "a blocking write commits what was submitted before";
  EXPECT_TRUE(calls.names().empty());
  must(store.submit(creations("v", 1), calls.callback("second")));
  std::thread([&] { must(store.drain()); }).join();
  EXPECT_EQ(calls.names(), (std::vector<std::string>{"first", "second"}));
  EXPECT_EQ(calls.thread(0), calls.thread(1));
}

TEST(SubmissionCallbacks, ComeOnTheCommitThreadWhichTakesNoSignals) {
  auto store = must(UserTagStore::open_in_memory(with_thread()));
  std::thread::id thread;
  sigset_t blocked;
  std::latch called{1};
  must(store.submit(creations("u", 1), [&](Outcomes&&) {
    thread = std::this_thread::get_id();
    pthread_sigmask(SIG_BLOCK, nullptr, &blocked);
    called.count_down();
  }));
  called.wait();
  EXPECT_NE(thread, std::this_thread::get_id());
  for (const int signal : {SIGINT, SIGTERM, SIGCHLD, SIGUSR1, SIGALRM, SIGPROF})
    EXPECT_EQ(sigismember(&blocked, signal), 1) << signal;
  sigset_t own;
  pthread_sigmask(SIG_BLOCK, nullptr, &own);
  EXPECT_EQ(sigismember(&own, SIGINT), 0);
}

TEST(SubmissionCallbacks, MayCallEverythingButDrainAndClose) {
  for (const bool has_thread : {false, true}) {
    auto store = must(UserTagStore::open_in_memory(has_thread ? with_thread() : Options()));
    Calls calls;
    std::optional<ErrorCode> drained;
    std::optional<ErrorCode> closed;
    must(store.submit(creations("u", 1), [&](Outcomes&&) {
      must(store.create_user("ann"));
      must(store.checkpoint());
      EXPECT_TRUE(must(store.verify()).ok());
      must(store.submit(creations("v", 1), calls.callback("from within")));
      drained = code_of(store.drain());
      closed = code_of(store.close());
    }));
    must(store.drain());
    EXPECT_EQ(drained, ErrorCode::invalid_argument);
    EXPECT_EQ(closed, ErrorCode::invalid_argument);
    must(store.drain());
    EXPECT_EQ(calls.names(), std::vector<std::string>{"from within"});
    EXPECT_TRUE(store.find("ann"));
  }
}

TEST(SubmissionCallbacks, OfOneStoreMayDrainAnother) {
  auto first = must(UserTagStore::open_in_memory());
  auto second = must(UserTagStore::open_in_memory());
  std::optional<ErrorCode> answer = ErrorCode::busy;
  must(second.submit(creations("u", 1), ignore));
  must(first.submit(creations("u", 1), [&](Outcomes&&) { answer = code_of(second.drain()); }));
  must(first.drain());
  EXPECT_EQ(answer, std::nullopt);
}

// While a callback lasts, another thread's drain waits for it, and for its own.
TEST(SubmissionCallbacks, AreWaitedForByWhoDrainsMeanwhile) {
  auto store = must(UserTagStore::open_in_memory());
  std::latch is_called{1};
  std::latch may_end{1};
  std::atomic<bool> has_ended = false;
  must(store.submit(creations("u", 1), [&](Outcomes&&) {
    is_called.count_down();
    may_end.wait();
    has_ended = true;
  }));
  std::thread first([&] { must(store.drain()); });
  is_called.wait();
  must(store.submit(creations("v", 1), [&](Outcomes&&) { EXPECT_TRUE(has_ended) << "one at a time"; }));
  std::thread second([&] {
    must(store.drain());
    EXPECT_TRUE(has_ended);
  });
  must(store.create_user("ann"));   // nobody holds the lead meanwhile
  may_end.count_down();
  first.join();
  second.join();
}

using SubmissionCallbacksDeathTest = testing::Test;

TEST(SubmissionCallbacksDeathTest, ThatThrowEndTheProcess) {
  EXPECT_DEATH(
      {
        auto store = must(UserTagStore::open_in_memory());
        must(store.submit({}, [](Outcomes&&) { throw std::runtime_error("of the host"); }));
        std::ignore = store.drain();
      },
      "of the host");
}

TEST(SubmissionCallbacksDeathTest, ThatDestroyTheStoreEndTheProcess) {
  EXPECT_DEATH(
      {
        std::optional<UserTagStore> store = must(UserTagStore::open_in_memory());
        must(store->submit({}, [&](Outcomes&&) { store.reset(); }));
        std::ignore = store->drain();
      },
      "a callback of submit\\(\\) destroys its store");
}

// --- The end of a store. ---

TEST_P(Submissions, AreCommittedAndAnsweredByClose) {
  auto store = must(UserTagStore::open(path_, options()));
  Calls calls;
  std::optional<ErrorCode> from_within;
  must(store.submit(creations("u", 5'000), [&](Outcomes&&) {
    from_within = code_of(store.submit(creations("w", 1), ignore));
    EXPECT_TRUE(store.find("u4999")) << "the store is still open";
  }));
  must(store.submit(creations("v", 1), calls.callback("second")));
  must(store.close());
  if (!GetParam()) {
    EXPECT_EQ(from_within, ErrorCode::store_closed);
  }
  EXPECT_TRUE(calls.outcomes(0).front().has_value());
  must(store.close());
  EXPECT_EQ(must(UserTagStore::open(path_)).stats().users, GetParam() && !from_within ? 5'002U : 5'001U);
}

TEST(SubmissionsDropped, AreAnsweredWithStoreClosedByTheDestructor) {
  const TempDir folder(memory_folder());
  Calls calls;
  {
    auto store = must(UserTagStore::open(folder / "users.db"));
    must(store.submit(creations("u", 2), calls.callback("written")));
    must(store.create_user("ann"));
    must(store.submit(creations("v", 2), calls.callback("dropped")));
  }
  ASSERT_EQ(calls.names(), (std::vector<std::string>{"written", "dropped"}));
  EXPECT_TRUE(calls.outcomes(0)[1].has_value());
  for (const auto& outcome : calls.outcomes(1)) EXPECT_EQ(code_of(outcome), ErrorCode::store_closed);
  const auto store = must(UserTagStore::open(folder / "users.db"));
  EXPECT_EQ(store.stats().users, 3U);
}

TEST(SubmissionsDropped, OrAnsweredAsTheyWereWrittenWithAThread) {
  const TempDir folder(memory_folder());
  std::atomic<std::size_t> applied = 0;
  std::atomic<std::size_t> closed = 0;
  {
    auto store = must(UserTagStore::open(folder / "users.db", with_thread()));
    for (int i = 0; i < 50; ++i) {
      must(store.submit(creations("u" + std::to_string(i) + "-", 100), [&](Outcomes&& outcomes) {
        for (const auto& outcome : outcomes) ++(outcome ? applied : closed);
      }));
    }
  }
  EXPECT_EQ(applied + closed, 5'000U);
  EXPECT_EQ(must(UserTagStore::open(folder / "users.db")).stats().users, applied);
}

// --- Bad days. ---

TEST_P(Submissions, AreToldOfASyncThatFailed) {
  FaultVfs vfs;
  auto store = must(UserTagStore::open(path_, options()));
  must(store.create_user("ann"));
  Calls calls;
  vfs.arm({.operation = FileOperation::sync, .files = {FileRole::wal}, .result = SQLITE_IOERR_FSYNC});
  must(store.submit(creations("u", 1), calls.callback("unknown")));
  must(store.drain());
  must(store.submit(creations("v", 1), calls.callback("failed")));
  must(store.drain());
  vfs.disarm();
  EXPECT_EQ(code_of(calls.outcomes(0).front()), ErrorCode::outcome_unknown);
  EXPECT_EQ(code_of(calls.outcomes(1).front()), ErrorCode::store_failed);
}

// --- All at once. ---

TEST_P(Submissions, OfManyThreadsAmongOtherCalls) {
  constexpr std::size_t kThreads = 4;
  constexpr int kSubmissions = 200;
  auto store = must(UserTagStore::open_in_memory(options()));
  std::vector<int> next(kThreads, 0);   // written by callbacks only: one at a time
  std::atomic<bool> is_called = false;
  std::vector<std::thread> threads;
  for (std::size_t thread = 0; thread < kThreads; ++thread) {
    threads.emplace_back([&, thread] {
      const std::string name = std::to_string(thread) + "-";
      for (int i = 0; i < kSubmissions; ++i) {
        must(store.submit(creations(name + std::to_string(i) + "-", static_cast<std::size_t>(i % 3)),
                          [&, thread, i](Outcomes&&) {
                            EXPECT_FALSE(is_called.exchange(true)) << "one at a time";
                            std::this_thread::yield();
                            EXPECT_EQ(next[thread]++, i) << "in order";
                            is_called = false;
                          }));
        if (i % 16 == 0) must(store.create_user(name + std::to_string(i)));
        if (i % 32 == 0) must(store.drain());
        if (i % 64 == 0) must(store.checkpoint());
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  must(store.drain());
  EXPECT_EQ(next, std::vector<int>(kThreads, kSubmissions));
  EXPECT_TRUE(must(store.verify()).ok());
}

}   // namespace
}   // namespace usertags::test
