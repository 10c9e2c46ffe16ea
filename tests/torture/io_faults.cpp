// R3: faults of the disk. Every operation on a file fails in turn, once or from it on: an I/O error, a full
// disk, a short read or write, a sync that takes away what was pending. Every call answers one of the three
// outcomes, memory is as it was told, and so is what a power loss leaves at that moment and in the end.
#include <array>
#include <cerrno>
#include <cstdint>
#include <string>

#include "support/fault_vfs.hpp"
#include "support/temp_dir.hpp"
#include "torture/crash_images.hpp"
#include "torture/crash_oracle.hpp"
#include "torture/rows.hpp"
#include "torture/scenes.hpp"

namespace usertags::torture {
namespace {

using test::Fault;
using test::FaultVfs;
using test::FileOperation;
using test::NamedFault;

const std::array<NamedFault, 10> kFaults = {{
    {"a write fails", {.result = SQLITE_IOERR_WRITE}},
    {"a write fails halfway", {.result = SQLITE_IOERR_WRITE, .torn = true}},
    {"the disk is full", {.result = SQLITE_FULL, .system_error = ENOSPC}},
    {"the disk is full halfway", {.result = SQLITE_FULL, .system_error = ENOSPC, .torn = true}},
    {"a read fails", {.operation = FileOperation::read, .result = SQLITE_IOERR_READ}},
    {"a read is short", {.operation = FileOperation::read, .result = SQLITE_IOERR_SHORT_READ, .torn = true}},
    {"a sync fails", {.operation = FileOperation::sync, .result = SQLITE_IOERR_FSYNC}},
    {"a truncation fails", {.operation = FileOperation::truncate, .result = SQLITE_IOERR_TRUNCATE}},
    {"a file does not open",
     {.operation = FileOperation::open, .result = SQLITE_CANTOPEN, .system_error = EMFILE}},
    {"a file is not removed", {.operation = FileOperation::remove, .result = SQLITE_IOERR_DELETE}},
}};

// All scenes, every operation and every fault once come to about so many. Fewer are spread over all of them.
constexpr std::uint64_t kFaultsOfAWalk = 12'000;

// What a call may answer while the disk has this fault. Where a read is short, the file looks damaged.
void expect_one_of_the_outcomes(const Fault& fault, const Life::Answer& answer) {
  if (!answer) return;
  const bool looks_damaged = fault.result == SQLITE_IOERR_SHORT_READ &&
                             (*answer == ErrorCode::corrupt_store || *answer == ErrorCode::not_a_store);
  const bool is_told = *answer == ErrorCode::io_error || *answer == ErrorCode::disk_full ||
                       *answer == ErrorCode::outcome_unknown || *answer == ErrorCode::store_failed;
  require(is_told || looks_damaged, "a call answers " + std::string(to_string(*answer)));
}

// A life with a fault in it.
class FaultyLife {
 public:
  FaultyLife(const Scene& scene, const Fault& fault, std::uint64_t seed, const std::filesystem::path& path)
      : scene_(scene),
        fault_(fault),
        recorder_(path, {}),
        life_(path, options_of(scene), [this] { return recorder_.operations(); }, seed) {
    faults_.on_failed_sync([this](test::FileRole role) { recorder_.fail_sync(name_of(role)); });
    if (scene.has_tokens) life_.use_tokens();
  }

  // Whether the fault came.
  bool go() {
    if (!is_creation()) expect_success("making the store", life_.open());
    faults_.arm(fault_);
    if (is_creation()) reopen();
    for (const Step step : scene_.steps) {
      if (!life_.is_open()) reopen();
      if (step != Step::open) note(take(step, life_, faults_));
      if (life_.has_failed()) life_.drop();
    }
    end();
    return faults_.fired() > 0;
  }

  const DiskRecord& record() const { return recorder_.record(); }
  const Past& past() const { return life_.past(); }
  // How many operations the disk had seen when the call was answered in which the fault came, and in the end.
  std::size_t crash() const { return crash_; }

 private:
  bool is_creation() const { return &scene_ == &scenes().front(); }

  void note(const Life::Answer& answer) {
    expect_one_of_the_outcomes(fault_, answer);
    require(!answer || faults_.fired() > 0, "a call fails by itself");
    if (faults_.fired() > 0 && crash_ == 0) crash_ = recorder_.operations();
  }

  // What does not open while the disk has its fault, does without.
  void reopen() {
    const Life::Answer answer = life_.open();
    note(answer);
    if (!answer) return;
    faults_.disarm();
    expect_success("opening without the fault", life_.open());
  }

  void end() {
    faults_.disarm();
    if (!life_.is_open()) expect_success("opening in the end", life_.open());
    const Life::Answer answer = life_.write(1);
    if (answer == ErrorCode::store_failed) return;   // it stops late: with a write that nothing came of
    expect_success("a write in the end", answer);
  }

  const Scene& scene_;
  const Fault fault_;
  DiskRecorder recorder_;
  FaultVfs faults_;
  Life life_;
  std::size_t crash_ = 0;
};

class IoFaults {
 public:
  IoFaults(const Run& run, Tally& tally) : run_(run), tally_(tally), random_(run.random()) {}

  void go() {
    while (!is_done()) {
      for (const Scene& scene : scenes()) walk(scene, random_());
    }
  }

 private:
  bool is_done() const { return tally_["faults"] >= run_.rounds; }

  void walk(const Scene& scene, std::uint64_t seed) {
    for (const NamedFault& named : kFaults) {
      for (const bool sticky : {false, true}) {
        Fault fault = named.fault;
        fault.sticky = sticky;
        bool came = true;
        for (fault.nth = 1; came && !is_done(); ++fault.nth) {
          if (random_() % kFaultsOfAWalk >= run_.rounds) continue;
          came = strike(scene, named.name, fault, seed);
        }
      }
    }
  }

  bool strike(const Scene& scene, const char* name, const Fault& fault, std::uint64_t seed) {
    const test::TempDir folder(test::memory_folder());
    try {
      FaultyLife life(scene, fault, seed, folder / "store");
      if (!life.go()) return false;
      tally_.add("faults");
      judge(life, folder / "crashed");
      return true;
    } catch (const std::exception& broken) {
      throw Finding(std::string(scene.name) + ", " + name + (fault.sticky ? " for ever, from " : ", ") +
                    "operation " + std::to_string(fault.nth) + " on (seed " + std::to_string(seed) +
                    "): " + broken.what());
    }
  }

  void judge(const FaultyLife& life, const std::filesystem::path& path) {
    MemoryDisk disk;
    CrashOracle oracle(disk, path, life.past());
    for (CrashPoint point(life.record());; point.advance()) {
      if (point.passed() == life.crash() || point.at_end()) {
        oracle.judge(any_image(point), life.past().promise_after(point.passed()));
        tally_.add("crashes");
      }
      if (point.at_end()) return;
    }
  }

  // None, all, or any of what is pending.
  DiskImage any_image(const CrashPoint& point) {
    switch (random_() % 3) {
      case 0: return point.image({.there = std::vector<bool>(point.open_operations(), false)});
      case 1: return point.image_of_all();
      default: return point.image(any_state(point, random_));
    }
  }

  const Run run_;
  Tally& tally_;
  std::mt19937_64 random_;
};

void run_io_faults(const Run& run, Tally& tally) {
  IoFaults(run, tally).go();
}

}   // namespace

const Row io_faults{.number = "R3",
                    .name = "io-faults",
                    .unit = "faults",
                    .what = "every operation on a file fails, once and for ever: one of the three outcomes",
                    .in_ci = 5'000,
                    .in_tests = 60,
                    .run = run_io_faults};

}   // namespace usertags::torture
