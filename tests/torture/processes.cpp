// R13: other processes. Scenes in which real processes meet at one store: they are killed and stopped, write behind
// its back, take its files and rights away, fill its disk. The scenes come round again and again, with other moments,
// and in the end nothing may have been left: no file handle, no process, no memory.
//
// A child that is forked while this process has the store open would have a part of it, so those that are to be
// strangers are forked before, and wait for their turn (Other).
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "support/adopting.hpp"
#include "support/answers.hpp"
#include "support/child.hpp"
#include "support/small_disk.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"
#include "torture/rows.hpp"

namespace usertags::torture {
namespace {

namespace fs = std::filesystem;
using test::Child;
using test::code_of;
using test::must;
using test::Reporter;
using test::StockSqlite;
using test::told;

constexpr auto kLong = std::chrono::minutes(10);
constexpr auto kShort = std::chrono::milliseconds(20);

struct Scene {
  const test::TempDir folder{test::memory_folder()};
  fs::path path = folder / "users.db";
  std::mt19937_64& random;
  Tally& tally;

  std::uint64_t dice(std::uint64_t sides) { return random() % sides; }
  fs::path beside(const char* suffix) const { return path.string() + suffix; }

  Options options(Access access = Access::read_write) const {
    Options options;
    options.access = access;
    options.durability = Durability::relaxed;
    options.busy_timeout = kLong;
    options.housekeeping.checkpoint_wal_bytes = 100'000;
    return options;
  }
  // Of who is going to be refused.
  Options impatient(Access access = Access::read_write) const {
    Options options = this->options(access);
    options.busy_timeout = kShort;
    return options;
  }
  UserTagStore open(Access access = Access::read_write) const {
    return must(UserTagStore::open(path, options(access)), "open");
  }
};

template <class Answer>
void expect(const Answer& answer, std::optional<ErrorCode> code, const std::string& what) {
  require(code_of(answer) == code,
          what + " answers " + told(answer) + ", not " + (code ? std::string(to_string(*code)) : "ok"));
}

// --- A store that counts: the user "counter" has the number of writes as its tag n. ---

std::uint64_t count_of(const UserTagStore& store) {
  const auto user = store.find("counter");
  return user ? std::stoull(test::value_of(*user, "n")) : 0;
}

Result<Applied> count_on(UserTagStore& store, std::uint64_t number) {
  const std::string text = std::to_string(number);
  if (number == 1) return store.create_user("counter", {{"n", text}});
  return store.apply("counter", TagBatch().update("n", text, {std::to_string(number - 1)}));
}

void count(UserTagStore& store, std::uint64_t writes) {
  for (std::uint64_t first = count_of(store), i = 1; i <= writes; ++i)
    must(count_on(store, first + i), "a write");
}

// Tells each number when it was acknowledged, until something ends it.
void count_and_tell(const fs::path& path, const Options& options, const Reporter& parent) {
  auto store = must(UserTagStore::open(path, options));
  for (std::uint64_t number = count_of(store) + 1;; ++number) {
    must(count_on(store, number));
    parent.tell(std::to_string(number));
  }
}

std::uint64_t read_number(Child& child) {
  const auto line = child.read_line();
  require(line.has_value(), "a child has ended by itself");
  return std::stoull(*line);
}

std::uint64_t read_until(Child& child, std::uint64_t lines) {
  std::uint64_t number = 0;
  for (std::uint64_t i = 0; i < lines; ++i) number = read_number(child);
  return number;
}

// Everything that was acknowledged is there, and at most what was under way besides.
std::uint64_t expect_counted(const UserTagStore& store, std::uint64_t acknowledged, std::uint64_t more = 0) {
  const std::uint64_t found = count_of(store);
  require(found >= acknowledged,
          "an acknowledged write is lost: " + std::to_string(found) + " of " + std::to_string(acknowledged));
  require(found <= acknowledged + more, "more than was ever written: " + std::to_string(found));
  require(store.revision() == found, "revision and count are not the same");
  const VerifyReport report = must(store.verify(), "verify");
  require(report.ok(), report.ok() ? "" : report.problems.front().what);
  return found;
}

std::uint64_t kill_and_read(Child& child, std::uint64_t last) {
  child.kill();
  while (const auto line = child.read_line()) last = std::stoull(*line);
  return last;
}

// --- Other processes. ---

// A process that was forked before the store was opened, and does its work when it is told to.
class Other {
 public:
  explicit Other(std::function<void(const Reporter&)> work) {
    if (pipe(go_.data()) != 0) throw std::runtime_error("pipe");
    child_.emplace([this, work = std::move(work)](const Reporter& parent) {
      close(go_[1]);
      char byte = 0;
      if (read(go_[0], &byte, 1) == 1) work(parent);
    });
    close(go_[0]);
  }
  Other(const Other&) = delete;
  Other& operator=(const Other&) = delete;
  ~Other() { close(go_[1]); }

  Child& begin() {
    if (write(go_[1], "", 1) != 1) throw std::runtime_error("write");
    return *child_;
  }
  void act() { require(begin().wait() == 0, "another process has failed"); }

 private:
  std::array<int, 2> go_{};
  std::optional<Child> child_;
};

// While it lives, this process has another limit.
class Limit {
 public:
  Limit(__rlimit_resource resource, rlim_t limit) : resource_(resource) {
    getrlimit(resource_, &before_);
    const rlimit now{limit, before_.rlim_max};
    setrlimit(resource_, &now);
  }
  Limit(const Limit&) = delete;
  Limit& operator=(const Limit&) = delete;
  ~Limit() { setrlimit(resource_, &before_); }

 private:
  __rlimit_resource resource_;
  rlimit before_{};
};

std::size_t open_descriptors() {
  return static_cast<std::size_t>(
      std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator()));
}

// In use by this process. Under AddressSanitizer, which has an allocator and a report of leaks of its own, none.
std::uint64_t memory_in_use() {
  const auto info = mallinfo2();
  return info.uordblks + info.hblkhd;
}

std::uint64_t size_of(const fs::path& path) {
  std::error_code none;
  const auto size = fs::file_size(path, none);
  return none ? 0 : size;
}

// --- Scenes: writers. ---

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

// --- Scenes: files. ---

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

// --- Scenes: limits. ---

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

// --- Scenes: a stock sqlite3. ---

void a_stock_connection_writes(Scene& scene) {
  Other other([&](const Reporter&) {
    StockSqlite stock(scene.path);
    stock.run("UPDATE user SET tags = json_set(tags, '$.foreign', 'yes') WHERE external_id = 'bystander'");
  });
  std::uint64_t before = 0;
  {
    auto store = scene.open();
    must(store.create_user("bystander"));
    must(store.apply("bystander", TagBatch().set("n", "1")));
    must(store.maintain(kLong));
    before = store.revision();
    other.act();
    expect(store.apply("bystander", TagBatch().set("n", "2")), ErrorCode::foreign_write,
           "a write behind a stranger's");
    expect(store.create_user("late"), ErrorCode::foreign_write, "a later write");
    require(store.revision() == before && test::value_of(store, "bystander", "foreign") == "(absent)",
            "reads show a foreign write");
  }
  expect(UserTagStore::open(scene.path, scene.options()), ErrorCode::foreign_write,
         "open after a foreign write");
  const Adoption adoption = must(UserTagStore::adopt(scene.path), "adopt");
  require(adoption.adopted && adoption.proved, "the foreign write was not adopted");
  const auto store = scene.open();
  require(test::value_of(store, "bystander", "foreign") == "yes", "the adopted tag is not there");
  require(must(store.verify()).ok(), "an adopted file is not sound");
}

void a_stock_reader_never_ends(Scene& scene) {
  Other other([&](const Reporter& parent) {
    StockSqlite stock(scene.path, SQLITE_OPEN_READONLY);
    stock.query("BEGIN; SELECT count(*) FROM user");
    parent.tell("reading");
    pause();
  });
  Options options = scene.impatient();
  options.housekeeping.max_wal_bytes = 400'000 + scene.dice(400'000);
  auto store = must(UserTagStore::open(scene.path, options));
  count(store, 1 + scene.dice(20));
  Child& reader = other.begin();
  require(reader.read_line() == "reading", "the reader does not read");
  std::uint64_t last = count_of(store);
  Result<Applied> answer = std::unexpected(ErrorCode::busy);
  while ((answer = count_on(store, last + 1))) require(++last < 1'000'000, "the WAL has no limit");
  expect(answer, ErrorCode::busy, "a write beside a reader that never ends");
  require(store.stats().wal_pinned, "stats do not tell that the WAL is pinned");
  constexpr std::uint64_t kGroup = 100'000;   // of one write, with what is folded beside it
  require(size_of(scene.beside("-wal")) <= options.housekeeping.max_wal_bytes + kGroup,
          "the WAL is beyond its limit");
  expect(store.checkpoint(), ErrorCode::busy, "a checkpoint beside a reader");
  reader.kill();
  count(store, 10);
  must(store.checkpoint());
  require(size_of(scene.beside("-wal")) == 0, "the WAL does not shrink");
  require(!store.stats().wal_pinned, "the WAL is still said to be pinned");
  expect_counted(store, last + 10);
}

// A checkpoint that starts the WAL anew cannot be told from a commit: the store may answer foreign_write, once, and has
// lost nothing. One that only moves pages is not noticed.
void a_stock_connection_checkpoints(Scene& scene) {
  const bool passive = scene.dice(2) == 0;
  std::vector<std::unique_ptr<Other>> others;
  for (int i = 0; i < 3; ++i) {
    others.push_back(std::make_unique<Other>([&](const Reporter&) {
      StockSqlite stock(scene.path);
      stock.run(passive ? "PRAGMA wal_checkpoint" : "PRAGMA wal_checkpoint(TRUNCATE)");
    }));
  }
  std::optional<UserTagStore> store(scene.open());
  for (const auto& other : others) {
    count(*store, 1 + scene.dice(50));
    const std::uint64_t last = count_of(*store);
    other->act();
    const auto answer = count_on(*store, last + 1);
    if (answer) continue;
    require(!passive, "a write behind a stock checkpoint answers " + told(answer));
    expect(answer, ErrorCode::foreign_write, "a write behind a stock checkpoint");
    store.reset();
    store.emplace(scene.open());
    expect_counted(*store, last);
  }
  count(*store, 5);
  const std::uint64_t last = count_of(*store);
  expect_counted(*store, last);
  store.reset();
  expect_counted(scene.open(), last);
}

void a_stock_connection_looks(Scene& scene) {
  Child writer([&](const Reporter& parent) { count_and_tell(scene.path, scene.options(), parent); });
  std::uint64_t last = read_until(writer, 1);
  {
    StockSqlite stock(scene.path, SQLITE_OPEN_READONLY);
    for (int i = 0; i < 20; ++i) {
      last = std::max(last, read_number(writer));
      const auto rows = stock.query("SELECT value FROM user_tag WHERE external_id = 'counter' AND key = 'n'");
      require(rows.size() == 1 && std::stoull(rows[0][0]) >= last,
              "the views are behind what was acknowledged");
    }
  }
  last = kill_and_read(writer, last);
  expect_counted(scene.open(), last, 1);
}

// --- Scenes: followers and copies. ---

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

struct NamedScene {
  const char* name;
  void (*play)(Scene& scene);
};

constexpr NamedScene kScenes[] = {
    {"a second writer", a_second_writer_is_kept_out},
    {"a stopped writer", a_stopped_writer_holds_its_store},
    {"one writer after the other", one_writer_takes_over_from_the_other},
    {"signals", signals_interrupt_a_writer},
    {"a fork amid writes", a_fork_amid_writes},
    {"the file unlinked", the_file_is_unlinked},
    {"the file renamed", the_file_is_renamed},
    {"the file with two names", the_file_gets_another_name},
    {"the file replaced", an_older_copy_is_put_in_place},
    {"the WAL deleted", the_wal_is_deleted},
    {"the sidecar deleted", the_sidecar_is_deleted},
    {"rights taken away", rights_are_taken_away},
    {"a full disk", the_disk_is_full},
    {"files that may not grow", files_may_not_grow},
    {"no descriptors", no_descriptors_are_left},
    {"a stock writer", a_stock_connection_writes},
    {"a stock reader that never ends", a_stock_reader_never_ends},
    {"a stock checkpoint", a_stock_connection_checkpoints},
    {"a stock reader", a_stock_connection_looks},
    {"followers killed", followers_are_killed},
    {"two followers", two_followers_agree},
    {"a backup beside a writer", a_backup_beside_a_writer},
    {"a backup killed", a_backup_is_killed},
    {"a compaction killed", a_compaction_is_killed},
};

void play(const NamedScene& named, std::mt19937_64& random, Tally& tally) {
  const std::size_t descriptors = open_descriptors();
  try {
    Scene scene{.random = random, .tally = tally};
    named.play(scene);
  } catch (const std::exception& broken) {
    throw Finding(std::string(named.name) + ": " + broken.what());
  }
  require(open_descriptors() == descriptors, std::string(named.name) + ": descriptors are left open");
  tally.add("scenes");
}

void run_processes(const Run& run, Tally& tally) {
  auto random = run.random();
  constexpr std::uint64_t kMargin = std::uint64_t{4} << 20;
  std::uint64_t in_use = 0;   // after the first two times round
  for (std::uint64_t round = 0; tally["scenes"] < run.rounds; ++round) {
    for (const NamedScene& named : kScenes) play(named, random, tally);
    if (round == 1) in_use = memory_in_use();
    require(round <= 1 || memory_in_use() <= in_use + kMargin, "memory grows from round to round");
  }
}

}   // namespace

const Row processes{
    .number = "R13",
    .name = "processes",
    .unit = "scenes",
    .what = "other processes: they are killed, write behind the store's back, take its files away",
    .in_ci = 240,
    .in_tests = 24,
    .run = run_processes};

}   // namespace usertags::torture
