// The engine of a simulation, and logs over a network that drops, delays, repeats and forgets to answer.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "cluster/log.hpp"
#include "cluster/simulated/simulation.hpp"

namespace usertags::cluster {

// What etcd would hold of one shard. Its state is a value: it can be kept, and put back, as from an old backup.
class SimulatedEngine {
 public:
  explicit SimulatedEngine(Simulation& simulation) noexcept : simulation_(simulation) {}

  struct Entry {
    std::string bytes;
    std::int64_t version = 0;
  };
  using Part = std::tuple<std::uint64_t, Id, std::uint64_t>;   // entry, nonce, index
  template <class Value>
  struct Leased {
    Value value;
    Lease lease = kNoLease;
  };
  struct State {
    std::int64_t revision = 1;
    std::int64_t compacted = 0;
    std::optional<SeenHead> head;
    std::map<std::uint64_t, Entry> entries;
    std::map<Part, std::string> parts;
    std::optional<Leased<Leader>> leader;
    std::map<Id, Leased<Member>> members;
    std::optional<Snapshot> snapshot;
    std::map<Lease, std::pair<Simulation::Time, Milliseconds>> leases;   // end, length
    Lease last_lease = kNoLease;
    std::uint64_t quota_entries = UINT64_MAX;   // more than these, and nothing is put any more
    std::size_t max_value_bytes = kMaxValueBytes;
    std::uint64_t free_bytes = 0;   // that were not given back
  };

  State state;
  // Every entry that was ever put, by number, and every part: what a test holds the world against.
  std::map<std::uint64_t, std::string> ever_put;
  std::map<Part, std::string> parts_ever_put;
  std::uint64_t overwritten = 0;   // entries that were put over others

  Attempt found(const Head& head);
  Attempt append(const SeenHead& before, const Head& after, const std::string& entry,
                 const std::optional<Log::LeaderPut>& leader);
  Attempt take_over(const SeenHead& before, const Head& after, const Log::LeaderPut& leader);
  Stretch read(std::uint64_t first, std::size_t bytes);
  void trim(std::uint64_t below);
  bool put_part(const Part& part, const std::string& bytes);   // false: it is full, here and below
  std::optional<Lease> grant(Milliseconds length);
  bool keep(Lease lease);
  void revoke(Lease lease);
  void expire();   // leases whose end has come
  bool is_head(const SeenHead& before) const;
  bool is_full() const { return state.entries.size() >= state.quota_entries; }

 private:
  Attempt refused(std::uint64_t entry);
  bool has_lease(Lease lease) const { return lease == kNoLease || state.leases.contains(lease); }
  Attempt put_head(const Head& head);

  Simulation& simulation_;
};

// What goes wrong on the way, in thousandths of calls.
struct Faults {
  std::uint64_t dropped = 0;
  std::uint64_t late = 0;           // arrives when nobody waits any more
  std::uint64_t lost = 0;           // arrives, and its answer does not
  std::uint64_t repeated = 0;       // arrives again later
  std::uint64_t failed = 0;         // is never sent, and that is known
  std::uint64_t stopped = 0;        // is answered, and the process sleeps before it goes on
  std::uint64_t ended = 0;          // of looks at a watch: it ends
  std::size_t stretch = SIZE_MAX;   // bytes of entries that are read at once, at most
  Simulation::Duration latency = std::chrono::milliseconds(2);
  bool is_cut = false;   // nothing gets through
};

class SimulatedLog : public Log {
 public:
  SimulatedLog(Simulation& simulation, SimulatedEngine& engine) noexcept
      : simulation_(simulation), engine_(engine) {}

  Faults faults{};

  Result<std::optional<SeenHead>> read_head(Milliseconds within) noexcept override;
  Attempt found(const Head& head, Milliseconds within) noexcept override;
  Attempt append(const SeenHead& before, const Head& after, std::string_view entry,
                 const std::optional<LeaderPut>& leader, Milliseconds within) noexcept override;
  Attempt take_over(const SeenHead& before, const Head& after, const LeaderPut& leader,
                    Milliseconds within) noexcept override;
  std::size_t max_value_bytes() const noexcept override { return engine_.state.max_value_bytes; }
  Result<Stretch> read_entries(std::uint64_t first, std::size_t bytes, Milliseconds within) noexcept override;
  std::unique_ptr<Watch> watch(std::int64_t position) noexcept override;
  Result<void> put_part(std::uint64_t entry, const Id& nonce, std::uint64_t index, std::string_view bytes,
                        Milliseconds within) noexcept override;
  Result<std::string> read_part(std::uint64_t entry, const Id& nonce, std::uint64_t index,
                                Milliseconds within) noexcept override;
  Result<void> sweep_parts(const SeenHead& head, Milliseconds within) noexcept override;
  Result<void> trim(std::uint64_t below, Milliseconds within) noexcept override;
  Result<Lease> grant_lease(Milliseconds length, Milliseconds within) noexcept override;
  Result<void> keep_lease(Lease lease, Milliseconds within) noexcept override;
  Result<void> revoke_lease(Lease lease, Milliseconds within) noexcept override;
  Result<std::optional<Leader>> read_leader(Milliseconds within) noexcept override;
  Result<bool> remove_leader(const Leader& leader, Milliseconds within) noexcept override;
  Result<void> put_member(const Member& member, Lease lease, Milliseconds within) noexcept override;
  Result<std::vector<Member>> read_members(Milliseconds within) noexcept override;
  Result<std::optional<Snapshot>> read_snapshot(Milliseconds within) noexcept override;
  Result<bool> advance_snapshot(const Snapshot& snapshot, Milliseconds within) noexcept override;
  Result<Usage> usage(Milliseconds within) noexcept override;
  void stop() noexcept override { stopped_ = true; }

 private:
  class LookingWatch;
  enum class Way : std::uint8_t { through, dropped, late, lost, repeated, failed };

  Way draw_way();
  // The answer of op(engine), or why there is none: timeout, or io_error where it was never sent.
  template <class Op>
  Result<std::invoke_result_t<Op, SimulatedEngine&>> call(Milliseconds within, Op op) noexcept;
  template <class Op>
  Attempt change(Milliseconds within, Op op) noexcept;

  Simulation& simulation_;
  SimulatedEngine& engine_;
  bool stopped_ = false;
};

}   // namespace usertags::cluster
