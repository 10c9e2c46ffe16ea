// R1: power loss. A store is lived with on a disk that is recorded; then every state in which a power loss
// may leave the disk is built, opened and judged.
#include <cstdint>

#include "support/temp_dir.hpp"
#include "torture/crash_images.hpp"
#include "torture/crash_oracle.hpp"
#include "torture/rows.hpp"
#include "torture/scenes.hpp"

namespace usertags::torture {
namespace {

// A walk over all scenes has about so many states. Fewer are spread over the crash points of all scenes.
constexpr std::uint64_t kStatesOfAWalk = 60'000;

class PowerLoss {
 public:
  PowerLoss(const Run& run, Tally& tally) : run_(run), tally_(tally), random_(run.random()) {}

  void go() {
    while (tally_["states"] < run_.rounds) {
      for (const Scene& scene : scenes()) {
        if (tally_["states"] < run_.rounds) walk(scene);
      }
    }
  }

 private:
  void walk(const Scene& scene) {
    const Recorded recorded = live(scene, random_());
    MemoryDisk disk;
    CrashOracle oracle(disk, folder_ / "crashed", recorded.past);
    CrashPoint point(recorded.record);
    while (point.passed() < recorded.start) point.advance();
    while (true) {
      if (random_() % kStatesOfAWalk < run_.rounds) crash(scene, point, recorded.past, oracle);
      if (point.at_end() || tally_["states"] >= run_.rounds) break;
      point.advance();
    }
    tally_.add("different images", oracle.images());
  }

  void crash(const Scene& scene, const CrashPoint& point, const Past& past, CrashOracle& oracle) {
    const Promise& promise = past.promise_after(point.passed());
    tally_.add("crash points");
    try {
      for_each_state(point, {}, random_, [&](const CrashChoice& choice) {
        tally_.add("states");
        oracle.judge(point.image(choice), promise);
      });
    } catch (const std::exception& broken) {
      throw Finding(std::string(scene.name) + ", after " + std::to_string(point.passed()) +
                    " operations of the disk: " + broken.what());
    }
  }

  const Run run_;
  Tally& tally_;
  std::mt19937_64 random_;
  const test::TempDir folder_{test::memory_folder()};
};

void run_power_losses(const Run& run, Tally& tally) {
  PowerLoss(run, tally).go();
}

}   // namespace

const Row power_loss{
    .number = "R1",
    .name = "power-loss",
    .unit = "states",
    .what = "every state that a power loss may leave: what was acknowledged, and nothing in part",
    .in_ci = 50'000,
    .in_tests = 1'000,
    .run = run_power_losses};

}   // namespace usertags::torture
