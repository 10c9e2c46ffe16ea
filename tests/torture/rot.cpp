// R9: rot. Every byte of a small store and of its WAL is flipped in turn, in one bit. Whoever opens it gets
// the right data, what was there after an earlier commit, or a typed error; never a wrong value.
#include <cstdint>
#include <fstream>
#include <map>
#include <optional>
#include <string>

#include "support/answers.hpp"
#include "support/describe.hpp"
#include "support/temp_dir.hpp"
#include "torture/crash_oracle.hpp"
#include "torture/disk_recorder.hpp"
#include "torture/life.hpp"
#include "torture/rows.hpp"

namespace usertags::torture {
namespace {

using test::must;
using test::told;

// Changes by revision, each as text.
using Changes = std::map<std::uint64_t, std::string>;

std::string line_of(const Change& change) {
  std::string line = std::to_string(change.transaction) + ' ' +
                     std::to_string(change.at.time_since_epoch().count()) + ' ' + change.user_id + ' ' +
                     change.external_id + ' ' + std::string(to_string(change.kind)) + ' ' + change.note;
  for (const TagChange& tag : change.tags) {
    line += ' ' + tag.key + '=' + tag.value.value_or("(removed)") + " was " + tag.before.value_or("(absent)");
  }
  return line;
}

// A store on the disk: closed, of which the database is flipped, or as a crash leaves it, of which the WAL
// is.
struct Specimen {
  DiskImage image;
  Past past;
  Changes changes;
};

struct Specimens {
  Specimen closed;
  Specimen crashed;
};

void read_changes(const std::filesystem::path& path, Changes& changes) {
  Options options;
  options.access = Access::read_only;
  const auto store = must(UserTagStore::open(path, options));
  for (const Change& change : must(store.changes(Position(), 10'000)).changes)
    changes[change.revision] = line_of(change);
}

// Some of all: users with and without tags, a deleted one, patches that are folded and some that are not,
// tokens, notes, several commits in the WAL.
Specimens make_specimens(std::uint64_t seed) {
  const test::TempDir folder(test::memory_folder());
  const auto path = folder / "store";
  Specimens specimens;
  Options options;
  options.housekeeping.backlog_users = 4;
  Life life(path, options, [] { return std::size_t{0}; }, seed);
  life.use_tokens();
  const auto done = [](const Life::Answer& answer) { require(!answer, "the store cannot be written"); };
  done(life.open());
  for (int group = 0; group < 3; ++group) done(life.write_group(6));
  done(life.checkpoint());
  done(life.write(1));
  specimens.crashed = {.image = image_of(path), .past = life.past(), .changes = {}};
  read_changes(path, specimens.crashed.changes);
  done(life.close());
  specimens.closed = {.image = image_of(path), .past = life.past(), .changes = specimens.crashed.changes};
  return specimens;
}

class Rot {
 public:
  Rot(const Run& run, Tally& tally) : run_(run), tally_(tally), random_(run.random()) {
    std::ofstream(path_).flush();   // that there is a file is looked up in the file system
  }

  void go() {
    const Specimens specimens = make_specimens(random_());   // on real files
    disk_.emplace();
    const std::uint64_t bytes =
        specimens.closed.image.at("").size() + specimens.crashed.image.at("-wal").size();
    tally_.add("bytes", bytes);
    for (unsigned bit = 0; !is_done(); bit = (bit + 1) % 8) {
      flip_all(specimens.closed, "", bit, bytes);
      flip_all(specimens.crashed, "-wal", bit, bytes);
    }
  }

 private:
  bool is_done() const { return tally_["flips"] >= run_.rounds; }

  // Another bit of each byte, all of them in eight walks. Fewer flips than bytes are spread over all of them.
  void flip_all(const Specimen& specimen, const std::string& file, unsigned bit, std::uint64_t bytes) {
    for (std::size_t at = 0; at < specimen.image.at(file).size() && !is_done(); ++at) {
      if (random_() % bytes < run_.rounds) flip(specimen, file, at, static_cast<unsigned>((at + bit) % 8));
    }
  }

  void flip(const Specimen& specimen, const std::string& file, std::size_t at, unsigned bit) {
    DiskImage image = specimen.image;
    image.at(file)[at] = static_cast<char>(image.at(file)[at] ^ (1 << bit));
    tally_.add("flips");
    try {
      // One with a WAL is not for reading alone: MemoryDisk has no shared memory.
      const bool only_reads = !image.contains("-wal") && random_() % 2 == 0;
      open(specimen, image, only_reads ? Access::read_only : Access::exclusive);
    } catch (const std::exception& broken) {
      throw Finding("store" + file + (image.contains("-wal") ? "" : ", closed") + ", byte " +
                    std::to_string(at) + ", bit " + std::to_string(bit) + ": " + broken.what());
    }
  }

  void open(const Specimen& specimen, const DiskImage& image, Access access) {
    disk_->put(path_, image);
    Options options = CrashOracle::options();
    options.access = access;
    const auto store = UserTagStore::open(path_, options);
    if (store) {
      tally_.add("opened");
      prove_contents(*store, specimen.past);
      prove_token(*store, specimen.past);
      prove_feed(*store, specimen.changes);
      must(store->verify());
    } else {
      expect_refusal(store.error());
    }
  }

  void expect_refusal(const Error& error) {
    tally_.add("refused");
    if (error == ErrorCode::foreign_write) {   // then adopting goes on from there
      const auto adoption = UserTagStore::adopt(path_, {.dry_run = true});
      require(adoption.has_value(), "foreign_write, and adopt: " + told(adoption));
      return;
    }
    const bool is_told = error == ErrorCode::corrupt_store || error == ErrorCode::not_a_store ||
                         error == ErrorCode::unsupported_format;
    require(is_told, std::string(to_string(error.code())) + ": " + error.message());
  }

  // As far as the feed answers, it tells what happened.
  static void prove_feed(const UserTagStore& store, const Changes& changes) {
    const auto page = store.changes(Position(), 10'000);
    if (!page) return;
    for (const Change& change : page->changes) {
      const auto meant = changes.find(change.revision);
      require(meant != changes.end() && meant->second == line_of(change),
              "the feed tells another change " + std::to_string(change.revision));
    }
  }

  const Run run_;
  Tally& tally_;
  std::mt19937_64 random_;
  const test::TempDir folder_{test::memory_folder()};
  const std::filesystem::path path_ = folder_ / "store";
  std::optional<MemoryDisk> disk_;
};

void run_rot(const Run& run, Tally& tally) {
  Rot(run, tally).go();
}

}   // namespace

const Row rot{
    .number = "R9",
    .name = "rot",
    .unit = "flips",
    .what = "every byte of a store and its WAL flipped: the right data, an earlier state, or an error",
    .in_ci = 82'048,
    .in_tests = 700,
    .run = run_rot};

}   // namespace usertags::torture
