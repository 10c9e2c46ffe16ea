// Followers and copies, killed and whole.
#include "torture/meeting.hpp"

namespace usertags::torture::meeting {
namespace {

void followers_are_killed(Scene& scene) {
  const auto follow = [&](const Reporter& parent) {
    auto follower = scene.open(Access::read_only);
    for (std::uint64_t seen = 0;;) {
      const std::uint64_t revision = must(follower.refresh());
      require(revision >= seen && count_of(follower) == revision, "a follower shows something else");
      seen = revision;
      parent.tell(std::to_string(seen));
    }
  };
  Other first(follow);
  Other second(follow);
  auto store = scene.open();
  count(store, 1);
  Child& killed = first.begin();
  Child& living = second.begin();
  read_until(killed, 1);
  for (int i = 0; i < 20; ++i) {
    count(store, 1 + scene.dice(20));
    require(read_number(living) <= store.revision(), "a follower is ahead of its writer");
    if (i == 10) killed.kill();
  }
  killed.kill();
  living.kill();
  must(store.checkpoint(), "a checkpoint after followers were killed");
  expect_counted(store, count_of(store));
}

void two_followers_agree(Scene& scene) {
  const std::uint64_t last = 50 + scene.dice(100);
  const auto follow = [&](const Reporter& parent) {
    auto follower = scene.open(Access::read_only);
    must(follower.read_at_least(last, kLong));
    const VerifyReport report = must(follower.verify());
    require(report.ok() && count_of(follower) == last, "a follower shows something else");
    parent.tell(report.digest);
  };
  Other first(follow);
  Other second(follow);
  auto store = scene.open();
  count(store, 1);
  Child& one = first.begin();
  Child& other = second.begin();
  count(store, last - 1);
  const std::string digest = must(store.verify()).digest;
  require(one.read_line() == digest && other.read_line() == digest, "a follower has another digest");
  require(one.wait() == 0 && other.wait() == 0, "a follower has failed");
}

void a_backup_beside_a_writer(Scene& scene) {
  Child writer([&](const Reporter& parent) { count_and_tell(scene.path, scene.options(), parent); });
  std::uint64_t last = read_until(writer, 1 + scene.dice(100));
  const fs::path copy = scene.folder / "copy.db";
  {
    const auto reader = must(UserTagStore::open(scene.path, scene.options(Access::read_only)));
    const auto copied = reader.backup(copy);
    if (!copied) expect(copied, ErrorCode::busy, "a backup beside a writer");
    if (copied) {
      const auto opened = must(UserTagStore::open(copy, scene.options(Access::read_only)));
      expect_counted(opened, last, 1'000'000);
    }
  }
  last = kill_and_read(writer, last);
  expect_counted(scene.open(), last, 1);
}

void a_backup_is_killed(Scene& scene) {
  const fs::path copy = scene.folder / "copy.db";
  std::uint64_t last = 0;
  {
    auto store = scene.open();
    count(store, 20);
    must(store.backup(copy));
    count(store, 20);
    last = count_of(store);
    must(store.close());
  }
  Child copier([&](const Reporter& parent) {
    const auto reader = scene.open(Access::read_only);
    while (true) {
      parent.tell("0");
      must(reader.backup(copy));
    }
  });
  read_until(copier, 1 + scene.dice(4));
  copier.kill();
  const auto opened = must(UserTagStore::open(copy, scene.options(Access::read_only)), "a copy after a kill");
  const std::uint64_t found = expect_counted(opened, 20, 20);
  require(found == 20 || found == last, "a copy of no moment");
  expect_counted(scene.open(), last);
}

void a_compaction_is_killed(Scene& scene) {
  Child writer([&](const Reporter& parent) {
    auto store = scene.open();
    for (std::uint64_t number = 1;; ++number) {
      must(count_on(store, number));
      parent.tell(std::to_string(number));
      if (number % 7 == 0) must(store.compact());
    }
  });
  std::uint64_t last = read_until(writer, 1 + scene.dice(40));
  last = kill_and_read(writer, last);
  expect_counted(scene.open(), last, 1);
}

constexpr NamedScene kScenes[] = {
    {"followers killed", followers_are_killed},
    {"two followers", two_followers_agree},
    {"a backup beside a writer", a_backup_beside_a_writer},
    {"a backup killed", a_backup_is_killed},
    {"a compaction killed", a_compaction_is_killed},
};

}   // namespace

std::span<const NamedScene> scenes_of_copies() {
  return kScenes;
}

}   // namespace usertags::torture::meeting
