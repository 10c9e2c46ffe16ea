// Files: a store's files are taken away, renamed, replaced, and so are the rights to them.
#include "torture/meeting.hpp"

namespace usertags::torture::meeting {
namespace {

void the_file_is_unlinked(Scene& scene) {
  Other other([&](const Reporter&) { fs::remove(scene.path); });
  auto store = scene.open();
  count(store, 1 + scene.dice(20));
  const std::uint64_t before = count_of(store);
  other.act();
  expect(count_on(store, before + 1), ErrorCode::io_error, "a write to a file that is gone");
  require(count_of(store) == before, "reads do not go on");
  std::ignore = store.close();
  expect(UserTagStore::open(scene.path, scene.options(Access::read_only)), ErrorCode::not_a_store,
         "a reader where there is no file");
}

void the_file_is_renamed(Scene& scene) {
  const fs::path moved = scene.folder / "moved.db";
  Other other([&](const Reporter&) {
    fs::rename(scene.path, moved);
    fs::rename(scene.beside("-wal"), moved.string() + "-wal");
  });
  std::uint64_t before = 0;
  {
    auto store = scene.open();
    count(store, 1 + scene.dice(20));
    before = count_of(store);
    other.act();
    expect(count_on(store, before + 1), ErrorCode::io_error, "a write to a file that was moved");
    std::ignore = store.close();
  }
  expect_counted(must(UserTagStore::open(moved, scene.options())), before);
}

void the_file_gets_another_name(Scene& scene) {
  std::uint64_t before = 0;
  {
    auto store = scene.open();
    count(store, 1 + scene.dice(20));
    before = count_of(store);
    must(store.close());
  }
  fs::create_hard_link(scene.path, scene.folder / "link.db");
  expect(UserTagStore::open(scene.path, scene.options()), ErrorCode::invalid_argument,
         "a file with two names");
  expect(UserTagStore::open(scene.folder / "link.db", scene.options()), ErrorCode::invalid_argument,
         "the other name of a file");
  fs::remove(scene.folder / "link.db");
  expect_counted(scene.open(), before);
}

void an_older_copy_is_put_in_place(Scene& scene) {
  const fs::path copy = scene.folder / "copy.db";
  Other other([&](const Reporter&) { fs::rename(copy, scene.path); });
  std::uint64_t old = 0;
  Position position;
  {
    auto store = scene.open();
    count(store, 1 + scene.dice(20));
    old = count_of(store);
    must(store.backup(copy));
    count(store, 1 + scene.dice(20));
    position = store.position();
    must(store.checkpoint());
    auto follower = scene.open(Access::read_only);
    other.act();
    expect(count_on(store, count_of(store) + 1), ErrorCode::io_error, "a write to a file that was replaced");
    const auto refreshed = follower.refresh();
    require(!refreshed || *refreshed == position.revision(), "a follower went back");
    require(count_of(follower) == position.revision(), "a follower went back");
  }
  fs::remove(scene.beside("-wal"));   // of the file that was there before
  fs::remove(scene.beside("-shm"));
  auto store = scene.open();
  expect_counted(store, old);
  expect(store.changes(position), ErrorCode::future_revision, "a position of a later time");
  count(store, 1);
  require(store.position().epoch() > position.epoch(), "a restored copy has no epoch of its own");
}

void the_wal_is_deleted(Scene& scene) {
  Child writer([&](const Reporter& parent) { count_and_tell(scene.path, scene.options(), parent); });
  std::uint64_t last = read_until(writer, 1 + scene.dice(200));
  last = kill_and_read(writer, last);
  fs::remove(scene.beside("-wal"));
  const auto store = UserTagStore::open(scene.path, scene.options());
  if (!store) return;   // a file with nothing in it, or damaged, as it is told: no wrong value
  require(count_of(*store) <= last + 1, "more than was ever written");
  expect_counted(*store, count_of(*store));   // an earlier moment, and whole
}

void the_sidecar_is_deleted(Scene& scene) {
  Other other([&](const Reporter& parent) {
    fs::remove(scene.beside(".lock"));
    auto second = UserTagStore::open(scene.path, scene.impatient());
    if (!second) return parent.tell("0");
    const std::uint64_t found = count_of(*second);
    const auto written = count_on(*second, found + 1);
    parent.tell(std::to_string(written ? found + 1 : 0));
    std::ignore = second->close();
  });
  std::uint64_t last = 0;
  {
    auto store = scene.open();
    count(store, 1 + scene.dice(20));
    last = count_of(store);
    Child& child = other.begin();
    const std::uint64_t theirs = read_number(child);
    require(child.wait() == 0, "the second writer has failed");
    const auto ours = count_on(store, last + 1);
    require(theirs == 0 || !ours, "two writers have written the same revision");
    if (!ours) expect(ours, ErrorCode::foreign_write, "a write behind another writer's");
    if (ours || theirs != 0) ++last;
  }
  expect_counted(scene.open(), last);
}

void rights_are_taken_away(Scene& scene) {
  if (geteuid() != 0) return scene.tally.add("scenes that need root");
  fs::permissions(scene.folder.path(), fs::perms::all);
  std::uint64_t before = 0;
  {
    auto store = scene.open();
    count(store, 1 + scene.dice(20));
    before = count_of(store);
    must(store.close());
  }
  constexpr uid_t kNobody = 65'534;
  const auto as_nobody = [&](const std::function<void()>& work) {
    Child child([&](const Reporter& parent) {
      if (setgid(kNobody) != 0 || setuid(kNobody) != 0) throw std::runtime_error("setuid");
      try {
        work();
      } catch (const std::exception& failure) {
        parent.tell(failure.what());
        throw;
      }
    });
    const auto line = child.read_line();
    require(child.wait() == 0, line.value_or("a child has failed"));
  };
  fs::permissions(scene.path, fs::perms::owner_all | fs::perms::others_read);
  as_nobody([&] {
    expect(UserTagStore::open(scene.path, scene.options()), ErrorCode::permission_denied,
           "a writer without rights");
    require(count_of(scene.open(Access::read_only)) == before, "a reader shows something else");
  });
  fs::permissions(scene.path, fs::perms::owner_all);
  as_nobody([&] {
    expect(UserTagStore::open(scene.path, scene.options(Access::read_only)), ErrorCode::permission_denied,
           "a reader without rights");
  });
  expect_counted(scene.open(), before);
}

constexpr NamedScene kScenes[] = {
    {"the file unlinked", the_file_is_unlinked},
    {"the file renamed", the_file_is_renamed},
    {"the file with two names", the_file_gets_another_name},
    {"the file replaced", an_older_copy_is_put_in_place},
    {"the WAL deleted", the_wal_is_deleted},
    {"the sidecar deleted", the_sidecar_is_deleted},
    {"rights taken away", rights_are_taken_away},
};

}   // namespace

std::span<const NamedScene> scenes_of_files() {
  return kScenes;
}

}   // namespace usertags::torture::meeting
