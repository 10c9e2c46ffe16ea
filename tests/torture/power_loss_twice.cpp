// R2: power loss during the recovery from a power loss. A store is opened on what a first one left, on a disk
// that is recorded again, and is written to; every point of that is crashed, in states that chance chooses.
#include <cstdint>
#include <string>
#include <utility>

#include "support/answers.hpp"
#include "support/temp_dir.hpp"
#include "torture/crash_images.hpp"
#include "torture/crash_oracle.hpp"
#include "torture/rows.hpp"
#include "torture/scenes.hpp"

namespace usertags::torture {
namespace {

using test::must;

// Recoveries are much alike: rather some states of many than every state of a few.
constexpr int kStatesOfAPoint = 4;
constexpr std::uint64_t kRecoveriesOfALife = 8;

// What holds of the second power loss, as far as it is known from the first.
Past past_of(const Past& first, const Promise& promise) {
  Past past = first;
  past.promises = {promise};
  past.promises.front().from = 0;
  past.contents.erase(past.contents.upper_bound(promise.submitted), past.contents.end());
  past.patches_with_tokens.erase(past.patches_with_tokens.upper_bound(promise.submitted),
                                 past.patches_with_tokens.end());
  if (!promise.created) past.position = Position();   // it may be another store each time
  return past;
}

// Opens the store, and writes to it. What it has shown survives from then on.
void recover(const std::filesystem::path& path, const DiskRecorder& recorder, bool closes, Past& past) {
  Options options = CrashOracle::options();
  options.durability = Durability::full;
  UserTagStore store = must(UserTagStore::open(path, options));
  const StoredSettings settings = must(store.settings());
  past.settings[settings.version].push_back(settings);
  Promise shown{.from = recorder.operations(),
                .created = true,
                .acknowledged = store.revision(),
                .submitted = store.revision() + 2,
                .settings_acknowledged = settings.version,
                .settings_submitted = settings.version};
  past.promises.push_back(shown);
  past.position = store.position();
  past.patches_with_tokens.erase(past.patches_with_tokens.upper_bound(store.revision()),
                                 past.patches_with_tokens.end());
  const std::vector<Write> writes = {CreateUser{"recovered", {{"a", "1"}}, {}},
                                     CreateUser{"recovered, too", {{"b", std::string(200, 'b')}}, {}}};
  for (const auto& answer : store.apply_each(writes)) must(answer);
  past.contents[store.revision()] = {contents_of(store)};
  shown.from = recorder.operations();
  shown.acknowledged = store.revision();
  past.promises.push_back(shown);
  if (closes) must(store.close());
}

class Recoveries {
 public:
  Recoveries(const Run& run, Tally& tally) : run_(run), tally_(tally), random_(run.random()) {}

  void go() {
    while (!is_done()) {
      for (const Scene& scene : scenes()) {
        if (!is_done()) crash(scene);
      }
    }
  }

 private:
  bool is_done() const { return tally_["states"] >= run_.rounds; }

  void crash(const Scene& scene) {
    const Recorded life = live(scene, random_());
    const std::uint64_t points = life.record.operations.size() - life.start + 1;
    CrashPoint point(life.record);
    while (point.passed() < life.start) point.advance();
    while (!is_done()) {
      if (random_() % points < kRecoveriesOfALife) crash_again(scene, point, life.past);
      if (point.at_end()) return;
      point.advance();
    }
  }

  void crash_again(const Scene& scene, const CrashPoint& first, const Past& first_past) {
    const std::filesystem::path path = folder_ / "recovering";
    const DiskImage image = first.image(any_state(first, random_));
    MemoryDisk disk;
    disk.put(path, image);
    Past past = past_of(first_past, first_past.promise_after(first.passed()));
    DiskRecord record;
    try {
      {
        DiskRecorder recorder(path, image);
        recover(path, recorder, random_() % 2 == 0, past);
        record = recorder.record();
      }
      judge_all(record, past, disk);
    } catch (const std::exception& broken) {
      throw Finding(std::string(scene.name) + ", after " + std::to_string(first.passed()) +
                    " operations of the disk: " + broken.what());
    }
    tally_.add("recoveries");
  }

  void judge_all(const DiskRecord& record, const Past& past, MemoryDisk& disk) {
    CrashOracle oracle(disk, folder_ / "crashed", past);
    for (CrashPoint point(record);; point.advance()) {
      try {
        for (int i = 0; i < kStatesOfAPoint; ++i) {
          tally_.add("states");
          oracle.judge(point.image(any_state(point, random_)), past.promise_after(point.passed()));
        }
      } catch (const std::exception& broken) {
        throw Finding("after " + std::to_string(point.passed()) + " of its recovery: " + broken.what());
      }
      if (point.at_end()) break;
    }
    tally_.add("different images", oracle.images());
  }

  const Run run_;
  Tally& tally_;
  std::mt19937_64 random_;
  const test::TempDir folder_{test::memory_folder()};
};

void run_recoveries(const Run& run, Tally& tally) {
  Recoveries(run, tally).go();
}

}   // namespace

const Row power_loss_twice{
    .number = "R2",
    .name = "power-loss-twice",
    .unit = "states",
    .what = "power loss again, while a store recovers from one: what was shown once is never lost",
    .in_ci = 20'000,
    .in_tests = 1'000,
    .run = run_recoveries};

}   // namespace usertags::torture
