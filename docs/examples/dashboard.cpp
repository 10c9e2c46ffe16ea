// A dashboard: a process beside the one that writes, which shows how many users have which values, anew after every
// change. It opens the file read-only, and follows.
//
//   dashboard STORE KEY …     until SIGTERM or SIGINT
#include <chrono>
#include <csignal>
#include <iostream>
#include <string>
#include <thread>

#include <usertags/user_tag_store.hpp>

using namespace usertags;
using namespace std::chrono_literals;

// A handler calls nothing of the store: it only leaves word.
volatile std::sig_atomic_t ended = 0;

// All of it is of one moment: what a read-only store shows stays as it is until the next refresh().
Result<void> show(const UserTagStore& store, char** keys) {
  const auto users = store.count({});
  if (!users) return std::unexpected(users.error());
  std::cout << "revision " << users->revision << ": " << users->count << " users\n";
  for (; *keys != nullptr; ++keys) {
    const auto page = store.tag_values(*keys, {.limit = 5, .order = ValueOrder::by_users});
    if (!page) return std::unexpected(page.error());
    for (const ValueCount& found : page->values) {
      std::cout << "  " << *keys << '=' << found.value << "  " << found.users << '\n';
    }
  }
  std::cout << std::flush;
  return {};
}

// Waits for changes behind what is shown, and shows them. The writer may end and come back meanwhile.
Result<void> follow(UserTagStore& store, char** keys) {
  auto shown = show(store, keys);
  while (shown && ended == 0) {
    const auto newer = store.wait_for_changes(store.position(), 500ms);
    if (!newer && newer.error() == ErrorCode::timeout) continue;
    const auto refreshed = store.refresh();
    if (!refreshed && refreshed.error() == ErrorCode::busy) continue;
    shown = refreshed ? show(store, keys) : std::unexpected(refreshed.error());
  }
  return shown;
}

int main(int count, char** arguments) {
  if (count < 2) return 2;
  for (const int signal : {SIGTERM, SIGINT}) std::signal(signal, [](int) { ended = 1; });
  auto store = UserTagStore::open(arguments[1], {.access = Access::read_only});
  if (!store) return std::cerr << store.error().message() << '\n', 1;
  auto done = follow(*store, arguments + 2);
  while (!done && ended == 0) {   // a restore: another file is in place, or none yet
    std::cerr << done.error().message() << '\n';
    std::this_thread::sleep_for(500ms);
    store = UserTagStore::open(arguments[1], {.access = Access::read_only});
    done = store ? follow(*store, arguments + 2) : std::unexpected(store.error());
  }
  return done ? 0 : 1;
}
