// Limits: full disks, files that may not grow, no descriptors.
#include "torture/meeting.hpp"

namespace usertags::torture::meeting {
namespace {

void the_disk_is_full(Scene& scene) {
  const test::SmallDisk disk("size=4m");
  if (!disk.mounted()) return scene.tally.add("scenes without a disk of their own (not root)");
  const fs::path path = disk / "users.db";
  const std::uint64_t leave = scene.dice(300'000);
  Other other([&](const Reporter&) { disk.fill(leave); });
  std::uint64_t last = 0;
  {
    auto store = must(UserTagStore::open(path, scene.options()));
    count(store, 1 + scene.dice(20));
    other.act();
    Result<Applied> answer = std::unexpected(ErrorCode::busy);
    for (last = count_of(store) + 1; (answer = count_on(store, last)); ++last) {
      require(last < 1'000'000, "the disk is never full");
    }
    --last;
    if (answer.error() != ErrorCode::outcome_unknown) {
      expect(answer, ErrorCode::disk_full, "a write to a full disk");
      require(count_of(store) == last, "reads show what was not written");
      disk.free();
      count(store, 5);
      last += 5;
    }
  }
  disk.free();
  expect_counted(must(UserTagStore::open(path, scene.options())), last, 1);
}

void files_may_not_grow(Scene& scene) {
  const std::uint64_t limit = 150'000 + scene.dice(200'000);
  Child writer([&](const Reporter& parent) {
    Options options = scene.options();
    options.housekeeping.checkpoint_wal_bytes = 1'000'000;   // the WAL comes to the limit
    auto store = must(UserTagStore::open(scene.path, options));
    const Limit small(RLIMIT_FSIZE, limit);
    for (std::uint64_t number = 1; number < 1'000'000; ++number) {
      const auto answer = count_on(store, number);
      if (answer) continue;
      parent.tell(std::to_string(number - 1));
      parent.tell(std::string(to_string(answer.error().code())));
      _exit(0);
    }
  });
  const std::uint64_t last = read_number(writer);
  const std::string code = writer.read_line().value_or("nothing");
  require(writer.wait() == 0, "the limit has ended the writer");
  require(code == "disk_full" || code == "outcome_unknown", "at the limit a write answers " + code);
  expect_counted(scene.open(), last, code == "disk_full" ? 0 : 1);
}

void no_descriptors_are_left(Scene& scene) {
  auto store = scene.open();
  count(store, 1 + scene.dice(20));
  const std::uint64_t before = count_of(store);
  {
    const Limit none(RLIMIT_NOFILE, 0);
    count(store, 5);   // what is open already is enough to write
    require(count_of(store) == before + 5, "reads do not go on");
    for (const auto& code : {code_of(store.changes({})), code_of(store.backup(scene.folder / "copy.db")),
                             code_of(UserTagStore::open(scene.folder / "other.db", scene.options()))}) {
      require(code == ErrorCode::io_error || !code, "without descriptors a call answers another thing");
    }
  }
  must(store.changes({}));
  must(store.backup(scene.folder / "copy.db"));
  expect_counted(store, before + 5);
}

constexpr NamedScene kScenes[] = {
    {"a full disk", the_disk_is_full},
    {"files that may not grow", files_may_not_grow},
    {"no descriptors", no_descriptors_are_left},
};

}   // namespace

std::span<const NamedScene> scenes_of_limits() {
  return kScenes;
}

}   // namespace usertags::torture::meeting
