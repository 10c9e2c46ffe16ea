// Writers: one store, several processes that want to write to it.
#include "torture/meeting.hpp"

namespace usertags::torture::meeting {
namespace {

void a_second_writer_is_kept_out(Scene& scene) {
  Child writer([&](const Reporter& parent) { count_and_tell(scene.path, scene.options(), parent); });
  const pid_t pid = writer.pid();
  std::uint64_t last = read_until(writer, 1 + scene.dice(20));
  const auto second = UserTagStore::open(scene.path, scene.impatient());
  expect(second, ErrorCode::store_locked, "a second writer");
  require(second.error().holder_pid() == pid, "the holder is not named");
  expect(UserTagStore::adopt(scene.path, {.busy_timeout = kShort}), ErrorCode::store_locked,
         "adopt beside a writer");
  last = kill_and_read(writer, last);
  expect_counted(scene.open(), last, 1);
}

void a_stopped_writer_holds_its_store(Scene& scene) {
  Child writer([&](const Reporter& parent) { count_and_tell(scene.path, scene.options(), parent); });
  std::uint64_t last = read_until(writer, 1 + scene.dice(50));
  ::kill(writer.pid(), SIGSTOP);
  expect(UserTagStore::open(scene.path, scene.impatient()), ErrorCode::store_locked,
         "beside a stopped writer");
  {
    const auto reader = UserTagStore::open(scene.path, scene.impatient(Access::read_only));
    // It may have been stopped where it keeps readers out, for a moment of its own.
    if (!reader) expect(reader, ErrorCode::busy, "a reader beside a stopped writer");
    if (reader) require(count_of(*reader) >= last, "a reader does not see what was acknowledged");
  }
  ::kill(writer.pid(), SIGCONT);
  last = std::max(last, read_until(writer, 5));
  last = kill_and_read(writer, last);
  expect_counted(scene.open(), last, 1);
}

void one_writer_takes_over_from_the_other(Scene& scene) {
  count(*std::make_unique<UserTagStore>(scene.open()), 1);
  auto follower = scene.open(Access::read_only);
  std::uint64_t last = 1;
  for (int life = 0; life < 3; ++life) {
    Child writer([&](const Reporter& parent) { count_and_tell(scene.path, scene.options(), parent); });
    last = std::max(last, read_until(writer, 1 + scene.dice(100)));
    require(must(follower.read_at_least(last, kLong)) >= last, "the follower is behind");
    require(count_of(follower) >= last, "the follower shows less than it says");
    last = kill_and_read(writer, last);
  }
  must(follower.refresh());
  expect_counted(follower, last, 1);
  expect_counted(scene.open(), last, 1);
}

void signals_interrupt_a_writer(Scene& scene) {
  Child writer([&](const Reporter& parent) {
    struct sigaction action{};
    action.sa_handler = [](int) {};
    sigaction(SIGALRM, &action, nullptr);
    const itimerval often{{0, 100}, {0, 100}};
    const itimerval never{};
    setitimer(ITIMER_REAL, &often, nullptr);
    {
      auto store = scene.open();
      count(store, 200);
      must(store.backup(scene.folder / "copy.db"));
      must(store.compact());
      must(store.close());
    }
    setitimer(ITIMER_REAL, &never, nullptr);
    parent.tell("200");
  });
  expect_counted(scene.open(Access::read_only), (read_number(writer)));
}

void a_fork_amid_writes(Scene& scene) {
  auto store = scene.open();
  count(store, 1);
  std::atomic<bool> ends = false;
  std::uint64_t last = 1;
  std::jthread writer([&] {
    while (!ends) must(count_on(store, ++last));
  });
  for (int i = 0; i < 3; ++i) {
    Child child([&](const Reporter&) {
      expect(store.find("counter"), ErrorCode::forked, "find in a child");
      expect(count_on(store, 1'000'000), ErrorCode::forked, "a write in a child");
      expect(store.close(), ErrorCode::forked, "close in a child");
    });
    const int status = child.wait();
    if (status != 0) ends = true;
    require(status == 0, "a child has a part in its parent's store");
  }
  ends = true;
  writer.join();
  expect_counted(store, last);
  must(store.close());
  expect_counted(scene.open(), last);
}

constexpr NamedScene kScenes[] = {
    {"a second writer", a_second_writer_is_kept_out},
    {"a stopped writer", a_stopped_writer_holds_its_store},
    {"one writer after the other", one_writer_takes_over_from_the_other},
    {"signals", signals_interrupt_a_writer},
    {"a fork amid writes", a_fork_amid_writes},
};

}   // namespace

std::span<const NamedScene> scenes_of_writers() {
  return kScenes;
}

}   // namespace usertags::torture::meeting
