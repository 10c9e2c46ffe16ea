// Writes that are awaited, over submit(): by a future, for who waits on a thread, and by a coroutine, for who must not.
// The store's commit thread answers both.
//
//   awaiting STORE USER …     creates the users, and promotes them, without a thread that waits for one of them
#include <coroutine>
#include <exception>
#include <future>
#include <iostream>
#include <latch>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

using namespace usertags;

using Outcomes = std::vector<Result<Applied>>;

// --- A future. ---

Result<std::future<Outcomes>> submit(UserTagStore& store, std::vector<Write> writes) {
  std::promise<Outcomes> promise;
  std::future<Outcomes> future = promise.get_future();
  const auto submitted =
      store.submit(std::move(writes), [promise = std::move(promise)](Outcomes&& outcomes) mutable noexcept {
        promise.set_value(std::move(outcomes));
      });
  if (!submitted) return std::unexpected(submitted.error());
  return future;
}

// --- A coroutine. It goes on where callbacks run: what it does there holds up the next callback. ---

class Awaited {
 public:
  Awaited(UserTagStore& store, std::vector<Write> writes) : store_(store), writes_(std::move(writes)) {}
  Awaited(const Awaited&) = delete;
  Awaited& operator=(const Awaited&) = delete;

  bool await_ready() const noexcept { return false; }

  // Where it is taken, the coroutine may already go on, or have ended, when submit() returns.
  bool await_suspend(std::coroutine_handle<> coroutine) {
    auto submitted = store_.submit(std::move(writes_), [this, coroutine](Outcomes&& outcomes) {
      outcomes_ = std::move(outcomes);
      coroutine.resume();
    });
    if (submitted) return true;
    outcomes_ = std::unexpected(std::move(submitted).error());
    return false;
  }

  Result<Outcomes> await_resume() { return std::move(outcomes_); }

 private:
  UserTagStore& store_;
  std::vector<Write> writes_;
  Result<Outcomes> outcomes_;
};

// A coroutine that nobody waits for, but for the latch that it counts down.
struct Task {
  struct promise_type {
    Task get_return_object() { return {}; }
    std::suspend_never initial_suspend() noexcept { return {}; }
    std::suspend_never final_suspend() noexcept { return {}; }
    void return_void() {}
    void unhandled_exception() { std::terminate(); }
  };
};

Awaited create(UserTagStore& store, const std::string& user) {
  return {store, {CreateUser{user, {{"tier", "trial"}}}}};
}

Awaited promote(UserTagStore& store, const std::string& user, std::uint64_t revision) {
  return {store, {PatchUser{user, TagBatch().update("tier", "gold"), {.expected_revision = revision}}}};
}

Task welcome(UserTagStore& store, std::string user, std::latch& end) {
  const auto created = co_await create(store, user);
  if (created && created->front()) {
    const auto promoted = co_await promote(store, user, created->front()->revision);
    std::cout << user << (promoted && promoted->front() ? " is gold\n" : " is no more than created\n");
  } else {
    std::cout << user << " is not created\n";
  }
  end.count_down();
}

int main(int count, char** arguments) {
  if (count < 3) return 2;
  auto store = UserTagStore::open(arguments[1], {.commit_thread = true});
  if (!store) return std::cerr << store.error().message() << '\n', 1;

  const std::vector<std::string> users(arguments + 2, arguments + count);
  std::latch end(count - 2);
  for (const std::string& user : users) welcome(*store, user, end);
  end.wait();

  auto last = submit(*store, {CreateUser{"the last one"}});
  const auto outcomes = last ? last->get() : Outcomes{std::unexpected(last.error())};
  std::cout << "the last one is "
            << (outcomes.front() ? "created\n" : outcomes.front().error().message() + '\n');
  const auto closed = store->close();
  return outcomes.front() && closed ? 0 : 1;
}
