// R4: memory that runs out in the course of a life. A store with a backlog and a WAL is opened, written to,
// checkpointed, copied and closed, and one of the allocations fails, or all from one on. Each call answers
// out_of_memory or what it should; afterwards the store holds what was answered, and no more.
#include <algorithm>
#include <array>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "memory/failing_memory.hpp"
#include "support/answers.hpp"
#include "support/everything.hpp"
#include "support/settings.hpp"
#include "support/temp_dir.hpp"
#include "torture/command.hpp"

namespace usertags::torture {
namespace {

using test::Allocator;
using test::FailingMemory;
using test::MemoryFault;
using test::must;
using test::Users;

constexpr const char* kUnit = "allocations that failed";

constexpr std::array kKinds = {Allocator::cxx, Allocator::sqlite, Allocator::c, Allocator::all};

Options small() {
  Options options;
  options.durability = Durability::relaxed;   // no power fails here
  options.housekeeping.backlog_users = 4;
  test::settings_of(options).history.min_changes = 20;
  return options;
}

// What the life has come to: what each call answered. Made before memory fails.
struct Answers {
  bool opened = false;
  bool closed = false;
  bool copied = false;
  bool created = false;
  bool patched = false;
  bool deleted = false;
  bool exchanged = false;
  bool submitted = false;
  std::optional<ErrorCode> wrong{};   // another answer than success or out_of_memory
  std::uint64_t revision = 0;         // before the copy

  template <class T>
  bool note(const Result<T>& answer) noexcept {
    if (!answer && answer.error() != ErrorCode::out_of_memory) wrong = answer.error().code();
    return answer.has_value();
  }
};

class Life {
 public:
  Life() {
    auto store = must(UserTagStore::open(seed_, small()));
    for (int i = 0; i < 12; ++i)
      must(store.create_user("u" + std::to_string(i), {{"k", "v"}, {"n", std::to_string(i)}},
                             {.token = "t" + std::to_string(i)}));
    must(store.close());
    store = must(UserTagStore::open(seed_, small()));
    for (int i = 0; i < 12; ++i) must(store.apply("u" + std::to_string(i), TagBatch().set("k", "w")));
    copy(seed_, killed_);   // as a killed process leaves it
    before_ = test::users_of(store);
    exchange_ = {DeleteUser{"u3", {}}, CreateUser{"u3", {{"again", "1"}}, {}},
                 PatchUser{"u4", TagBatch().erase("k"), {}}};
    patch_.set("k", "x").set("a rather long key for a tag", std::string(100, 'v')).erase("n");
  }

  // How many allocations of a kind there are.
  std::uint64_t allocations(Allocator kind) {
    const MemoryFault never{.nth = ~std::uint64_t{0}, .allocator = kind};
    begin();
    std::uint64_t seen = 0;
    live(never, seen);
    return seen;
  }

  void run(const MemoryFault& fault) {
    begin();
    std::uint64_t seen = 0;
    const Answers answers = live(fault, seen);
    judge(answers);
  }

 private:
  static void copy(const std::filesystem::path& from, const std::filesystem::path& to) {
    for (const char* const suffix : {"", "-wal"}) {
      std::filesystem::remove(to.string() + suffix);
      if (std::filesystem::exists(from.string() + suffix))
        std::filesystem::copy_file(from.string() + suffix, to.string() + suffix);
    }
  }

  void begin() {
    copy(killed_, path_);
    std::filesystem::remove(copy_);
  }

  Answers live(const MemoryFault& fault, std::uint64_t& seen) {
    Answers answers;
    const Options options = small();
    std::vector<Write> submitted{PatchUser{"u5", TagBatch().set("k", "y"), {}}};
    std::optional<UserTagStore> store;
    {
      const FailingMemory failing(fault);
      auto opened = UserTagStore::open(path_, options);
      answers.opened = answers.note(opened);
      if (opened) {
        store.emplace(*std::move(opened));
        answers.created = answers.note(store->create_user("new", tags_, {.token = "of new"}));
        answers.patched = answers.note(store->apply("u1", patch_));
        answers.deleted = answers.note(store->delete_user("u2"));
        answers.exchanged = answers.note(store->apply_all(exchange_));
        const bool taken = answers.note(
            store->submit(std::move(submitted), [&answers](std::vector<Result<Applied>>&& outcomes) {
              answers.submitted = answers.note(outcomes.front());
            }));
        if (!taken && submitted.size() != 1)
          answers.wrong = ErrorCode::invalid_argument;   // they are not lost
        answers.note(store->drain());
        answers.note(store->checkpoint());
        answers.revision = store->revision();
        answers.copied = answers.note(store->backup(copy_));
        answers.closed = answers.note(store->close());
        store.reset();
      }
      seen = failing.seen();
    }
    return answers;
  }

  Users expected(const Answers& answers) const {
    Users users = before_;
    std::uint64_t revision = 24;
    if (answers.created) users["new"] = {++revision, "k=v tier=gold "};
    if (answers.patched)
      users["u1"] = {++revision, "a rather long key for a tag=" + std::string(100, 'v') + " k=x "};
    if (answers.deleted) users.erase("u2"), ++revision;
    if (answers.exchanged) {
      users["u3"] = {revision + 2, "again=1 "};
      users["u4"] = {revision + 3, "n=4 "};
      revision += 3;
    }
    if (answers.submitted) users["u5"] = {++revision, "k=y n=5 "};
    return users;
  }

  void judge(const Answers& answers) {
    require(!answers.wrong,
            "a call answers " + std::string(to_string(answers.wrong.value_or(ErrorCode::busy))));
    const Users users = expected(answers);
    prove(path_, users, "the store afterwards");
    if (answers.copied) prove(copy_, users, "the copy");
    require(answers.copied || !std::filesystem::exists(copy_), "a copy that failed is there");
    for (const auto& file : std::filesystem::directory_iterator(folder_.path()))
      require(!file.path().filename().string().starts_with(".usertags-backup"), "a part of a copy is left");
  }

  static void prove(const std::filesystem::path& path, const Users& users, const std::string& what) {
    auto store = must(UserTagStore::open(path, small()));
    const VerifyReport report = must(store.verify());
    require(report.ok(), what + ": " + (report.ok() ? "" : report.problems.front().what));
    require(test::users_of(store) == users, what + " holds other users than were answered");
    must(store.create_user("after"));
    must(store.close());
  }

  const test::TempDir folder_{test::memory_folder()};
  const std::filesystem::path seed_ = folder_ / "seed.db";
  const std::filesystem::path killed_ = folder_ / "killed.db";
  const std::filesystem::path path_ = folder_ / "users.db";
  const std::filesystem::path copy_ = folder_ / "copy.db";
  const TagList tags_{{"k", "v"}, {"tier", "gold"}};
  TagBatch patch_;
  std::vector<Write> exchange_;
  Users before_;
};

struct Sweep {
  MemoryFault fault;
  std::uint64_t allocations;
};

void sweep(const Run& run, Tally& tally) {
  Life life;
  std::vector<Sweep> sweeps;
  std::uint64_t all = 0;
  for (const Allocator kind : kKinds) {
    for (const bool sticky : {false, true}) {
      sweeps.push_back({{.sticky = sticky, .allocator = kind}, life.allocations(kind)});
      all += sweeps.back().allocations;
    }
  }
  const std::uint64_t step = std::max<std::uint64_t>(1, all / run.rounds);
  std::uint64_t at = step == 1 ? 0 : run.seed % step;
  for (const Sweep& sweep : sweeps) {
    for (; at < sweep.allocations; at += step) {
      MemoryFault fault = sweep.fault;
      fault.nth = at;
      try {
        life.run(fault);
      } catch (const std::exception& broken) {
        throw Finding("allocation " + std::to_string(at) + (fault.sticky ? " and later" : "") + " of kind " +
                      std::to_string(static_cast<int>(fault.allocator)) + ": " + broken.what());
      }
      tally.add(kUnit);
    }
    at -= sweep.allocations;
  }
}

// Each allocation of each kind, once and from it on; where fewer rounds are asked for, evenly spread, and
// others with another seed; where more, all of them again.
void run_memory(const Run& run, Tally& tally) {
  do {
    sweep(run, tally);
  } while (tally[kUnit] < run.rounds);
}

const Row memory{.number = "R4",
                 .name = "memory",
                 .unit = kUnit,
                 .what = "memory runs out anywhere in a life: what was answered holds, and no more",
                 .in_ci = 2'000,
                 .in_tests = 150,
                 .run = run_memory};

constexpr const Row* kMemoryRows[] = {&memory};

}   // namespace
}   // namespace usertags::torture

int main(int count, char** arguments) {
  return usertags::torture::run_command(usertags::torture::kMemoryRows, count, arguments);
}
