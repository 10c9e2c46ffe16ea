#include "torture/scenes.hpp"

#include "support/settings.hpp"
#include "support/temp_dir.hpp"
#include "torture/row.hpp"

namespace usertags::torture {
namespace {

using enum Step;
using test::FaultVfs;
using test::FileOperation;
using test::FileRole;

constexpr std::uint64_t kNever = std::uint64_t{1} << 40;
constexpr Housekeeping kRare{.backlog_users = kNever, .checkpoint_wal_bytes = std::uint64_t{1} << 30};
constexpr Housekeeping kAlways{.backlog_users = 2, .checkpoint_wal_bytes = 1};
constexpr Housekeeping kOften{.backlog_users = 4, .checkpoint_wal_bytes = 60'000};

const std::vector<Scene> kScenes = {
    {.name = "creation", .housekeeping = kRare, .steps = {write}},
    {.name = "single writes", .housekeeping = kRare, .steps = {write, write, write, write}},
    {.name = "groups", .housekeeping = kRare, .steps = {group, group, write, group}},
    {.name = "transactions", .housekeeping = kRare, .steps = {transaction, write, transaction, transaction}},
    {.name = "walks", .housekeeping = kRare, .steps = {group, where, where, write, where, where}},
    {.name = "walks, with housekeeping",
     .housekeeping = kAlways,
     .min_changes = 4,
     .has_tokens = true,
     .steps = {group, where, write, where, where}},
    {.name = "tokens",
     .housekeeping = kRare,
     .has_tokens = true,
     .steps = {write, group, write, transaction}},
    {.name = "housekeeping in every commit",
     .housekeeping = kAlways,
     .min_changes = 4,
     .steps = {group, write, write, write}},
    {.name = "checkpoints, WAL written over",
     .housekeeping = kOften,
     .min_changes = 10,
     .has_tokens = true,
     .steps = {write, group, write, group, write, write}},
    {.name = "closed and opened",
     .housekeeping = kRare,
     .steps = {group, close, open, write, close, open, close, open, write}},
    {.name = "left and opened",
     .housekeeping = kRare,
     .steps = {write, drop, open, write, drop, open, drop, open, write}},
    {.name = "care",
     .housekeeping = kRare,
     .min_changes = 5,
     .steps = {group, maintain, write, checkpoint, write}},
    {.name = "compaction", .housekeeping = kRare, .min_changes = 3, .steps = {group, write, compact, write}},
    {.name = "settings", .housekeeping = kRare, .steps = {settings, write, settings, checkpoint, settings}},
    {.name = "relaxed",
     .durability = Durability::relaxed,
     .housekeeping = kOften,
     .min_changes = 6,
     .steps = {write, write, group, write, transaction, drop, open, write, close}},
    {.name = "a sync of the WAL fails",
     .housekeeping = kRare,
     .steps = {write, fail_wal_sync, write, write, fail_wal_sync, group, write}},
    {.name = "relaxed, a sync of the WAL fails",
     .durability = Durability::relaxed,
     .housekeeping = kRare,
     .steps = {write, fail_wal_sync, checkpoint, write, fail_wal_sync, maintain, write, checkpoint}},
    {.name = "a sync of the database fails",
     .housekeeping = kRare,
     .steps = {write, fail_database_sync, checkpoint, write, write, fail_database_sync, close, open, write}},
};

void fail_next_sync(FaultVfs& faults, FileRole file) {
  faults.arm({.operation = FileOperation::sync, .files = {file}, .result = SQLITE_IOERR_FSYNC});
}

}   // namespace

std::span<const Scene> scenes() {
  return kScenes;
}

Options options_of(const Scene& scene) {
  Options options;
  options.durability = scene.durability;
  options.housekeeping = scene.housekeeping;
  test::settings_of(options).history.min_changes = scene.min_changes;
  return options;
}

void expect_success(const char* what, const Life::Answer& answer) {
  if (answer) throw Finding(std::string(what) + " answers " + std::string(to_string(*answer)));
}

Life::Answer take(Step step, Life& life, FaultVfs& faults) {
  switch (step) {
    case open: return life.open();
    case write: return life.write(3);
    case group: return life.write_group(8);
    case transaction: return life.write_transaction(6);
    case where: return life.write_where();
    case settings: return life.change_settings();
    case maintain: return life.maintain();
    case checkpoint: return life.checkpoint();
    case compact: return life.compact();
    case close: return life.close();
    case drop: life.drop(); break;
    case fail_wal_sync: fail_next_sync(faults, FileRole::wal); break;
    case fail_database_sync: fail_next_sync(faults, FileRole::database); break;
  }
  return std::nullopt;
}

Recorded live(const Scene& scene, std::uint64_t seed, WalSyncs wal_syncs) {
  const test::TempDir folder(test::memory_folder());
  const auto path = folder / "store";
  DiskRecorder recorder(path, {});
  FaultVfs faults;
  faults.on_failed_sync([&](FileRole role) { recorder.fail_sync(name_of(role)); });
  Recorded recorded;
  {
    Life life(path, options_of(scene), [&] { return recorder.operations(); }, seed);
    if (scene.has_tokens) life.use_tokens();
    expect_success("making the store", life.open());
    if (wal_syncs == WalSyncs::ignored) recorder.ignore_wal_syncs();
    if (&scene != &kScenes.front()) recorded.start = recorder.operations();
    for (const Step step : scene.steps) {
      const Life::Answer error = take(step, life, faults);
      if (faults.fired() == 0) expect_success("a step", error);
      if (life.has_failed()) life.drop();
      if (error || !life.is_open()) faults.disarm();
      if (error && !life.is_open()) expect_success("opening again", life.open());
    }
    life.drop();
    recorded.past = life.past();
  }
  recorded.record = recorder.record();
  recorded.end = image_of(path);
  return recorded;
}

}   // namespace usertags::torture
