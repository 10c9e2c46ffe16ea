// A cluster in a simulation: machines with stores in files, a log over a network that is as bad as the seed says, and
// hosts that write and read. One of them acts at a time; the same seed runs the same.
//
// Machines are killed and started again, lose power (their relaxed files fall back to what was synced), are paused
// between calls and behind each of them, are cut off, have disks that fail and clocks that are off by an hour, and join
// from snapshots. The log is trimmed meanwhile, is full at times, and may take small values only, so that entries stand
// in parts. In the end all is healed, and what hosts were told is held against the log.
#pragma once

#include <array>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "cluster/membership.hpp"
#include "cluster/replica.hpp"
#include "cluster/simulated/simulated_log.hpp"
#include "support/fault_vfs.hpp"
#include "support/temp_dir.hpp"
#include "torture/row.hpp"

namespace usertags::torture {

class ClusterWorld {
 public:
  ClusterWorld(std::uint64_t seed, Tally& tally);
  ~ClusterWorld();
  ClusterWorld(const ClusterWorld&) = delete;
  ClusterWorld& operator=(const ClusterWorld&) = delete;

  void run();   // throws Finding

 private:
  using Simulation = cluster::Simulation;
  using Millis = std::chrono::milliseconds;

  // A machine, and the process that runs on it, if one does.
  struct Machine {
    std::filesystem::path file;
    std::filesystem::path synced_file;   // what power loss leaves
    std::chrono::hours clock_off{0};
    std::unique_ptr<cluster::SimulatedLog> log;
    std::unique_ptr<cluster::Replica> replica;
    std::unique_ptr<UserTagStore> store;
    std::uint64_t process = 0;   // which one on this machine
    std::uint64_t synced = 0;    // that synced_file has
    std::uint64_t seen = 0;      // the newest revision that this process showed
    bool is_busy = false;        // a call waits below, on the stack
    bool is_doomed = false;      // it ends as soon as it is not busy
    bool loses_power = false;    // and so
    bool needs_snapshot = false;
    bool disk_fails = false;    // its next write to its file, and those behind it in that call
    bool disk_failed = false;   // it did, in this process, or may be doing so
    Simulation::Time paused_until{};
  };

  // A write, with its token, and what its host was told of it.
  struct Operation {
    std::uint64_t id = 0;
    std::string user;
    enum class Kind : std::uint8_t { create, set, same, remove } kind = Kind::set;
    bool may_be_applied = false;   // an answer was missing, or unknown
    std::optional<Applied> answer{};
    std::uint64_t acknowledged_before = 0;   // the newest revision that anybody was told of when it began
  };
  // What somebody saw of a user.
  struct Sight {
    std::string user;
    std::optional<std::uint64_t> revision{};   // of its last change; none: there is no such user
    std::uint64_t at_least = 0;                // it shows all changes up to here
    std::uint64_t up_to = 0;                   // the store's revision then, at most
  };
  struct Told;   // what the log says in the end

  static std::string user_name(std::uint64_t number) { return "u" + std::to_string(number); }
  static std::string token_of(std::uint64_t operation) { return "t" + std::to_string(operation); }

  Options options_of(const Machine& machine) const;
  void found();
  void start(std::size_t index);
  void end(Machine& machine, bool loses_power);
  bool can_act(const Machine& machine) const;
  template <class Work>
  void act(Machine& machine, Work&& work);
  template <class Work>
  void with_its_disk(Machine& machine, Work&& work);

  void later(Simulation::Duration delay, std::function<void()> event);

  // Events, each of which schedules itself anew.
  void tick(std::size_t index, std::uint64_t process);
  void keep_synced_file(Machine& machine);
  void look_after(std::size_t index);
  void trouble();
  void heal();
  void write(std::size_t host);
  void tell(Operation& operation, const Result<Applied>& answer, const Machine& machine);
  void read();
  void read_latest();
  void change_settings();
  void make_snapshot();
  void resign();

  // cluster_check.cpp
  void check();
  void check_log(Told& told);
  void check_answers(const Told& told);
  void check_sights(const Told& told);
  void check_machines();

  test::FaultVfs disks_;   // fails for whoever acts
  Simulation simulation_;
  cluster::SimulatedEngine engine_;
  Tally& tally_;
  const test::TempDir folder_;
  std::filesystem::path snapshot_file_;
  std::uint64_t snapshot_entry_ = 0;
  std::array<Machine, 3> machines_;
  std::vector<std::optional<Operation>> hosts_;
  std::vector<Operation> done_;
  std::vector<Sight> sights_;
  std::map<std::uint32_t, std::string> first_users_;   // of the founding file, by ordinal
  std::uint64_t first_entry_ = 0;
  std::uint64_t last_operation_ = 0;
  std::uint64_t acknowledged_ = 0;   // the newest revision that a host was told of
  bool is_stormy_ = true;
  std::optional<std::string> finding_;
};

}   // namespace usertags::torture
