#include "torture/cluster_world.hpp"

#include <algorithm>
#include <utility>

#include "store/store_access.hpp"
#include "support/answers.hpp"
#include "support/settings.hpp"

namespace usertags::torture {
namespace {

using cluster::Id;
using namespace std::chrono_literals;

constexpr auto kStorm = 60s;
constexpr auto kCalm = 30s;
constexpr std::size_t kHosts = 4;
constexpr std::uint64_t kUsers = 6;
constexpr std::size_t kSmallValueBytes = 400;   // of which what is no body takes 300

Id numbered_id(std::uint64_t number) {
  Id id{};
  for (std::size_t i = 0; i < 8; ++i) id[i] = static_cast<std::uint8_t>(number >> (8 * i));
  id[15] = 1;   // not zero
  return id;
}

void copy_over(const std::filesystem::path& from, const std::filesystem::path& to) {
  for (const char* suffix : {"-wal", "-shm"}) std::filesystem::remove(to.string() + suffix);
  std::filesystem::copy_file(from, to, std::filesystem::copy_options::overwrite_existing);
}

// Of a process that is gone, nobody heard an answer. A store that stops in the midst of it may have applied it.
bool is_unknown(ErrorCode code) {
  return code == ErrorCode::outcome_unknown;
}

}   // namespace

ClusterWorld::ClusterWorld(std::uint64_t seed, Tally& tally)
    : simulation_(seed), engine_(simulation_), tally_(tally), folder_(test::memory_folder()), hosts_(kHosts) {
  for (std::size_t i = 0; i < machines_.size(); ++i) {
    machines_[i].file = folder_ / ("node" + std::to_string(i) + ".db");
    machines_[i].synced_file = folder_ / ("synced" + std::to_string(i) + ".db");
    machines_[i].clock_off = std::chrono::hours(static_cast<int>(simulation_.below(3)) - 1);
  }
}

ClusterWorld::~ClusterWorld() {
  simulation_.finish();
  for (Machine& machine : machines_) machine.store.reset();
}

Options ClusterWorld::options_of(const Machine& machine) const {
  Options options;
  options.durability = Durability::relaxed;
  options.housekeeping.backlog_users = 3;
  options.clock = [this, &machine] {
    return std::chrono::system_clock::time_point(
        1'000'000h + machine.clock_off +
        std::chrono::duration_cast<std::chrono::system_clock::duration>(
            simulation_.now().time_since_epoch()));
  };
  options.uptime = [this] { return std::chrono::nanoseconds(simulation_.now().time_since_epoch()); };
  return options;
}

// What an event finds ends the simulation.
void ClusterWorld::later(Simulation::Duration delay, std::function<void()> event) {
  simulation_.after(delay, [this, event = std::move(event)] {
    if (finding_) return;
    try {
      event();
    } catch (const std::exception& found) {
      finding_ = found.what();
    }
  });
}

// --- Machines. ---

void ClusterWorld::found() {
  Machine& first = machines_.front();
  Options options = options_of(first);
  test::settings_of(options).history.min_changes = simulation_.chance(500) ? 5 : 100'000;
  {
    UserTagStore store = test::must(UserTagStore::open(first.file, options));
    for (std::uint64_t i = 0; i < 3; ++i) test::must(store.create_user(user_name(i), {{"op", "0"}}));
    for (std::uint32_t i = 0; i < 3; ++i) first_users_[i + 1] = user_name(i);
    test::must(store.close());
  }
  options.settings.reset();
  cluster::SimulatedLog log(simulation_, engine_);
  const cluster::Binding binding{numbered_id(1), numbered_id(2), numbered_id(100)};
  test::must(cluster::found(first.file, options, binding, log, 1s));
  first_entry_ = engine_.state.head->head.entry;
  for (std::size_t i = 1; i < machines_.size(); ++i) {
    copy_over(first.file, machines_[i].file);
    cluster::as_new_node(machines_[i].file, numbered_id(100 + i), 1s);
  }
  for (Machine& machine : machines_) copy_over(machine.file, machine.synced_file);
}

void ClusterWorld::start(std::size_t index) {
  Machine& machine = machines_[index];
  if (machine.needs_snapshot) {
    if (snapshot_file_.empty()) return;
    copy_over(snapshot_file_, machine.file);
    cluster::as_new_node(machine.file, numbered_id(100 + index), 1s);
    copy_over(machine.file, machine.synced_file);
    machine.needs_snapshot = false;
    tally_.add("joined from a snapshot");
  }
  ++machine.process;
  machine.is_doomed = machine.loses_power = machine.disk_fails = machine.disk_failed = false;
  machine.seen = 0;
  machine.log = std::make_unique<cluster::SimulatedLog>(simulation_, engine_);
  const cluster::Replica::Identity identity{.node = numbered_id(100 + index),
                                            .process = numbered_id(1000 * machine.process + index),
                                            .address = "machine " + std::to_string(index)};
  // Short looks, so that hosts find it between two of them.
  const cluster::Timing timing{.answer_within = 3s, .look_every = 5ms, .trim_entries = 10};
  cluster::Surroundings surroundings{.now = [this] { return simulation_.now(); },
                                     .new_id = [this] { return numbered_id(simulation_.random()); },
                                     .pause = [this](Millis time) { simulation_.sleep(time); }};
  machine.replica =
      std::make_unique<cluster::Replica>(*machine.log, identity, timing, std::move(surroundings));
  machine.store = std::make_unique<UserTagStore>(
      test::must(store::StoreAccess::open(machine.file, options_of(machine), *machine.replica)));
  machine.replica->attach(store::StoreAccess::engine(*machine.store));
  later(1ms, [this, index, process = machine.process] { tick(index, process); });
  tally_.add("processes");
}

// Without a close: as a process that was killed, or a machine that lost its power.
void ClusterWorld::end(Machine& machine, bool loses_power) {
  if (machine.replica->status().error == ErrorCode::history_pruned) machine.needs_snapshot = true;
  machine.store.reset();
  machine.replica.reset();
  machine.log.reset();
  if (!loses_power) return;
  copy_over(machine.synced_file, machine.file);
  tally_.add("power losses");
}

bool ClusterWorld::can_act(const Machine& machine) const {
  return machine.store && !machine.is_busy && !machine.is_doomed && simulation_.now() >= machine.paused_until;
}

template <class Work>
void ClusterWorld::act(Machine& machine, Work&& work) {
  machine.is_busy = true;
  with_its_disk(machine, work);
  machine.is_busy = false;
  keep_synced_file(machine);
  if (machine.is_doomed) end(machine, machine.loses_power);
}

// An event has a thread of its own for as long as it lasts: whoever acts while this one waits has another disk. One
// fails at a time.
template <class Work>
void ClusterWorld::with_its_disk(Machine& machine, Work&& work) {
  if (!std::exchange(machine.disk_fails, false)) return work();
  const std::uint64_t fired = disks_.fired();
  const bool failed_before = std::exchange(machine.disk_failed, true);
  disks_.disarm();
  const bool is_full = simulation_.chance(500);
  disks_.arm({.operation = simulation_.chance(200) ? test::FileOperation::sync : test::FileOperation::write,
              .nth = 1 + simulation_.below(3),
              .sticky = simulation_.chance(700),
              .result = is_full ? SQLITE_FULL : SQLITE_IOERR_WRITE,
              .system_error = is_full ? ENOSPC : EIO,
              .torn = simulation_.chance(300),
              .thread = std::this_thread::get_id()});
  work();
  disks_.disarm();
  if (disks_.fired() > fired) return;
  machine.disk_fails = is_stormy_;   // it wrote nothing
  machine.disk_failed = failed_before;
}

// What was synced is in the file alone: the WAL is in it whole.
void ClusterWorld::keep_synced_file(Machine& machine) {
  const std::uint64_t synced = machine.replica->status().synced;
  if (synced <= machine.synced) return;
  machine.synced = synced;
  copy_over(machine.file, machine.synced_file);
}

void ClusterWorld::tick(std::size_t index, std::uint64_t process) {
  Machine& machine = machines_[index];
  if (machine.process != process || !machine.store) return;
  if (!can_act(machine)) {
    if (machine.is_doomed && !machine.is_busy) return end(machine, machine.loses_power);
    return later(5ms, [this, index, process] { tick(index, process); });
  }
  act(machine, [&] {
    if (machine.replica->step()) return;
    const Error why = *machine.replica->status().error;
    require(why == ErrorCode::history_pruned || machine.disk_failed,
            "machine " + std::to_string(index) + " stops: " + why.message());
    machine.is_doomed = true;
    if (machine.disk_failed) tally_.add("lost files");
  });
  if (machine.store && machine.store->revision() < machine.seen)
    throw Finding("machine " + std::to_string(index) + " shows less than it did");
  later(simulation_.up_to(100ms), [this, index, process] { tick(index, process); });
}

// Starts it again some time after its end.
void ClusterWorld::look_after(std::size_t index) {
  if (!machines_[index].store) start(index);
  later(is_stormy_ ? simulation_.up_to(5s) : 100ms, [this, index] { look_after(index); });
}

// --- What goes wrong. ---

void ClusterWorld::trouble() {
  if (!is_stormy_) return;
  Machine& machine = machines_[simulation_.below(machines_.size())];
  if (machine.store) {
    cluster::Faults& faults = machine.log->faults;
    switch (simulation_.below(9)) {
      case 0:
        machine.is_doomed = true;
        machine.loses_power = simulation_.chance(500);
        faults.is_cut = true;
        break;
      case 1: machine.paused_until = simulation_.now() + simulation_.up_to(8s); break;
      case 2: faults.is_cut = true; break;
      case 3:
      case 4: faults.is_cut = false; break;
      case 5: faults = {}; break;
      case 6:
        engine_.state.quota_entries = simulation_.chance(300) ? engine_.state.entries.size() : UINT64_MAX;
        break;
      case 7: machine.disk_fails = true; break;
      default:
        faults.dropped = simulation_.below(100);
        faults.late = simulation_.below(200);
        faults.lost = simulation_.below(200);
        faults.repeated = simulation_.below(200);
        faults.failed = simulation_.below(100);
        faults.stopped = simulation_.chance(300) ? simulation_.below(30) : 0;
        faults.ended = simulation_.below(300);
        faults.stretch = simulation_.chance(500) ? simulation_.below(2'000) : SIZE_MAX;
        faults.latency = simulation_.up_to(200ms);
    }
  }
  later(simulation_.up_to(1s), [this] { trouble(); });
}

void ClusterWorld::heal() {
  is_stormy_ = false;
  engine_.state.quota_entries = UINT64_MAX;
  for (Machine& machine : machines_) {
    machine.paused_until = {};
    machine.disk_fails = false;
    if (machine.log && !machine.is_doomed) machine.log->faults = {};
  }
}

// --- Hosts. ---

void ClusterWorld::write(std::size_t host) {
  std::optional<Operation>& operation = hosts_[host];
  Machine& machine = machines_[simulation_.below(machines_.size())];
  const bool goes_there = can_act(machine) && (machine.replica->leads() || simulation_.chance(50));
  if (goes_there && (operation || is_stormy_)) {
    if (!operation) {
      operation = Operation{.id = ++last_operation_, .user = user_name(simulation_.below(kUsers))};
      const std::uint64_t kind = simulation_.below(10);
      operation->kind = kind == 0   ? Operation::Kind::remove
                        : kind <= 2 ? Operation::Kind::create
                        : kind <= 4 ? Operation::Kind::same
                                    : Operation::Kind::set;
    }
    operation->acknowledged_before = acknowledged_;
    act(machine, [&] {
      const std::string value = std::to_string(operation->id);
      const std::string ballast(37 * operation->id % 200, 'x');   // the same at each try
      const ApplyOptions token{.token = token_of(operation->id)};
      Result<Applied> answer = std::unexpected(Error(ErrorCode::busy));
      switch (operation->kind) {
        case Operation::Kind::create:
          answer = machine.store->create_user(operation->user, {{"op", value}}, token);
          break;
        case Operation::Kind::set:
          answer = machine.store->apply(operation->user, TagBatch().set("op", value).set("ballast", ballast),
                                        token);
          break;
        case Operation::Kind::same:
          answer = machine.store->apply(operation->user, TagBatch().erase("none"));
          break;
        case Operation::Kind::remove: answer = machine.store->delete_user(operation->user, token); break;
      }
      tell(*operation, answer, machine);
    });
    if (operation->id == 0) operation.reset();
  }
  later(simulation_.up_to(200ms), [this, host] { write(host); });
}

// An operation that is over has the number 0: its host goes on to the next one.
void ClusterWorld::tell(Operation& operation, const Result<Applied>& answer, const Machine& machine) {
  const auto finish = [&] { done_.push_back(std::exchange(operation, {})); };
  if (machine.is_doomed || (!answer && is_unknown(answer.error().code()))) {
    operation.may_be_applied = true;
    tally_.add("unknown");
    if (simulation_.chance(200)) finish();
    return;
  }
  if (answer) {
    acknowledged_ = std::max(acknowledged_, answer->revision);
    if (operation.answer)
      require(operation.answer->revision == answer->revision && operation.answer->changed == answer->changed,
              "a token answers another revision: " + std::to_string(answer->revision) + ", not " +
                  std::to_string(operation.answer->revision));
    operation.answer = *answer;
    tally_.add(answer->replayed ? "answered again" : "acknowledged writes");
    if (operation.kind == Operation::Kind::same || !simulation_.chance(300)) finish();
    return;
  }
  switch (answer.error().code()) {
    case ErrorCode::user_not_found:
    case ErrorCode::user_exists:
      require(!operation.answer, "a token that was answered is forgotten");
      return finish();
    case ErrorCode::store_failed:
      require(machine.disk_failed, "a store fails whose disk does not");
      [[fallthrough]];
    case ErrorCode::not_leader:
    case ErrorCode::busy:
    case ErrorCode::disk_full:
    case ErrorCode::io_error:
    case ErrorCode::history_pruned:
    case ErrorCode::timeout:
      tally_.add("refused");
      if (simulation_.chance(20)) finish();
      return;
    default: throw Finding("a write is answered with " + answer.error().message());
  }
}

void ClusterWorld::read() {
  Machine& machine = machines_[simulation_.below(machines_.size())];
  if (machine.store && !machine.is_doomed) {   // reads wait for nobody
    const std::uint64_t before = machine.store->revision();
    require(before >= machine.seen, "reads go back");
    Sight sight{.user = user_name(simulation_.below(kUsers)), .revision = {}, .at_least = before, .up_to = 0};
    if (const auto user = machine.store->find(sight.user)) sight.revision = user->revision();
    sight.up_to = machine.seen = machine.store->revision();
    sights_.push_back(sight);
    tally_.add("reads");
  }
  later(simulation_.up_to(50ms), [this] { read(); });
}

void ClusterWorld::read_latest() {
  Machine& machine = machines_[simulation_.below(machines_.size())];
  if (can_act(machine)) {
    act(machine, [&] {
      Sight sight{.user = user_name(simulation_.below(kUsers)),
                  .revision = {},
                  .at_least = acknowledged_,
                  .up_to = 0};
      const auto revision = machine.replica->read_latest(500ms);
      if (!revision) return;
      require(*revision >= sight.at_least, "read_latest() is behind what was acknowledged");
      if (const auto user = machine.store->find(sight.user)) sight.revision = user->revision();
      sight.up_to = machine.store->revision();
      sights_.push_back(sight);
      tally_.add("latest reads");
    });
  }
  later(simulation_.up_to(500ms), [this] { read_latest(); });
}

void ClusterWorld::change_settings() {
  Machine& machine = machines_[simulation_.below(machines_.size())];
  if (is_stormy_ && can_act(machine) && machine.replica->leads()) {
    act(machine, [&] {
      if (machine.store->change_settings({.tags_per_user = 100 + simulation_.below(50)}))
        tally_.add("settings");
    });
  }
  later(simulation_.up_to(5s), [this] { change_settings(); });
}

void ClusterWorld::make_snapshot() {
  Machine& machine = machines_[simulation_.below(machines_.size())];
  if (can_act(machine)) {
    act(machine, [&] {
      const auto file = folder_ / ("snapshot" + std::to_string(tally_["snapshots"] + 1) + ".db");
      if (!machine.store->backup(file)) return;
      const sqlite::State state = cluster::read_state(file, 1s);
      const auto advanced = machine.log->advance_snapshot(
          {.entry = state.entry, .chain = state.entry_checksum, .revision = state.revision, .place = file},
          500ms);
      if (state.entry <= snapshot_entry_ || (advanced && !*advanced)) return;
      snapshot_file_ = file;   // also where the answer was lost: the log may be trimmed up to it
      snapshot_entry_ = state.entry;
      tally_.add("snapshots");
    });
  }
  later(simulation_.up_to(8s), [this] { make_snapshot(); });
}

void ClusterWorld::resign() {
  Machine& machine = machines_[simulation_.below(machines_.size())];
  if (is_stormy_ && can_act(machine) && machine.replica->leads()) {
    act(machine, [&] { std::ignore = machine.replica->resign(); });
    tally_.add("resigned");
  }
  later(simulation_.up_to(10s), [this] { resign(); });
}

void ClusterWorld::run() {
  found();
  if (simulation_.chance(500)) engine_.state.max_value_bytes = kSmallValueBytes;
  for (std::size_t i = 0; i < machines_.size(); ++i) look_after(i);
  for (std::size_t i = 0; i < kHosts; ++i) write(i);
  read();
  read_latest();
  change_settings();
  make_snapshot();
  resign();
  later(3s, [this] { trouble(); });
  simulation_.sleep(kStorm);
  heal();
  simulation_.sleep(kCalm);
  simulation_.finish();
  if (finding_) throw Finding(*finding_);
  check();
}

}   // namespace usertags::torture
