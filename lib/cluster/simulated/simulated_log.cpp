#include "cluster/simulated/simulated_log.hpp"

#include <algorithm>
#include <type_traits>
#include <utility>

namespace usertags::cluster {

// --- The engine. ---

void SimulatedEngine::expire() {
  std::vector<Lease> over;
  for (const auto& [lease, until] : state.leases) {
    if (until.first <= simulation_.now()) over.push_back(lease);
  }
  for (const Lease lease : over) revoke(lease);
}

void SimulatedEngine::revoke(Lease lease) {
  if (state.leases.erase(lease) == 0) return;
  ++state.revision;
  if (state.leader && state.leader->lease == lease) state.leader.reset();
  std::erase_if(state.members, [&](const auto& member) { return member.second.lease == lease; });
}

std::optional<Lease> SimulatedEngine::grant(Milliseconds length) {
  if (is_full()) return std::nullopt;
  state.leases[++state.last_lease] = {simulation_.now() + length, length};
  return state.last_lease;
}

bool SimulatedEngine::keep(Lease lease) {
  const auto found = state.leases.find(lease);
  if (found == state.leases.end()) return false;
  found->second.first = simulation_.now() + found->second.second;
  return true;
}

bool SimulatedEngine::is_head(const SeenHead& before) const {
  return state.head == before;
}

Attempt SimulatedEngine::put_head(const Head& head) {
  state.head = SeenHead{head, ++state.revision};
  return {.fate = Fate::applied, .head = state.head};
}

Attempt SimulatedEngine::refused(std::uint64_t entry) {
  Attempt attempt{.fate = Fate::refused, .head = state.head};
  if (const auto found = state.entries.find(entry); found != state.entries.end())
    attempt.entry = found->second.bytes;
  attempt.lowest = state.entries.empty() ? 0 : state.entries.begin()->first;
  if (state.leader) attempt.leader = state.leader->value;
  return attempt;
}

Attempt SimulatedEngine::found(const Head& head) {
  return state.head ? refused(0) : put_head(head);
}

Attempt SimulatedEngine::append(const SeenHead& before, const Head& after, const std::string& entry,
                                const std::optional<Log::LeaderPut>& leader) {
  if (!is_head(before) || state.entries.contains(after.entry)) return refused(after.entry);
  if (leader && !has_lease(leader->lease))
    return {.fate = Fate::failed, .error = Error(ErrorCode::not_leader)};
  if (is_full()) return {.fate = Fate::failed, .error = Error(ErrorCode::disk_full)};
  if (state.entries.contains(after.entry)) ++overwritten;
  Attempt attempt = put_head(after);
  state.entries[after.entry] = {entry, state.revision};
  ever_put[after.entry] = entry;
  if (leader) state.leader = {leader->leader, leader->lease};
  return attempt;
}

Attempt SimulatedEngine::take_over(const SeenHead& before, const Head& after, const Log::LeaderPut& leader) {
  if (!is_head(before) || state.leader) return refused(0);
  if (is_full()) return {.fate = Fate::failed, .error = Error(ErrorCode::disk_full)};
  if (!has_lease(leader.lease)) return {.fate = Fate::failed, .error = Error(ErrorCode::not_leader)};
  state.leader = {leader.leader, leader.lease};
  return put_head(after);
}

Stretch SimulatedEngine::read(std::uint64_t first, std::size_t bytes) {
  Stretch stretch;
  stretch.lowest = state.entries.empty() ? 0 : state.entries.begin()->first;
  stretch.newest = state.head ? state.head->head.entry : 0;
  stretch.position = state.revision;
  std::size_t size = 0;
  for (auto next = state.entries.find(first); next != state.entries.end() && size < bytes; ++next) {
    size += next->second.bytes.size();
    stretch.entries.push_back({next->first, next->second.bytes});
  }
  return stretch;
}

void SimulatedEngine::trim(std::uint64_t below) {
  ++state.revision;
  state.entries.erase(state.entries.begin(), state.entries.lower_bound(below));
  std::erase_if(state.parts, [&](const auto& part) { return std::get<0>(part.first) < below; });
  state.compacted = state.revision;
}

bool SimulatedEngine::put_part(const Part& part, const std::string& bytes) {
  if (is_full()) return false;
  ++state.revision;
  state.parts[part] = bytes;
  parts_ever_put[part] = bytes;
  return true;
}

// --- The network. ---

namespace {

constexpr Milliseconds kLongStop{8'000};   // of a process: longer than leases

}   // namespace

SimulatedLog::Way SimulatedLog::draw_way() {
  std::uint64_t drawn = simulation_.below(1000);
  for (const auto& [share, way] :
       {std::pair(faults.dropped, Way::dropped), std::pair(faults.late, Way::late),
        std::pair(faults.lost, Way::lost), std::pair(faults.repeated, Way::repeated),
        std::pair(faults.failed, Way::failed)}) {
    if (drawn < share) return way;
    drawn -= share;
  }
  return Way::through;
}

template <class Op>
Result<std::invoke_result_t<Op, SimulatedEngine&>> SimulatedLog::call(Milliseconds within, Op op) noexcept {
  using Answer = std::invoke_result_t<Op, SimulatedEngine&>;
  const auto deliver = [&engine = engine_, op]() {
    engine.expire();
    return op(engine);
  };
  if (stopped_) return std::unexpected(Error(ErrorCode::cancelled));
  const Way way = faults.is_cut ? Way::dropped : draw_way();
  if (way == Way::failed) return std::unexpected(Error(ErrorCode::io_error));
  const auto there = simulation_.up_to(faults.latency);
  const auto back = simulation_.up_to(faults.latency);
  if (way == Way::dropped || way == Way::late) {
    if (way == Way::late)
      simulation_.after(simulation_.up_to(4 * within), [deliver] { std::ignore = deliver(); });
    simulation_.sleep(within);
    return std::unexpected(Error(stopped_ ? ErrorCode::cancelled : ErrorCode::timeout));
  }
  simulation_.sleep(there);
  // Whoever was cut off meanwhile hears nothing.
  Result<Answer> answer = deliver();
  if (way == Way::repeated)
    simulation_.after(simulation_.up_to(4 * within), [deliver] { std::ignore = deliver(); });
  simulation_.sleep(back);
  if (way == Way::lost || faults.is_cut) {
    simulation_.sleep(within);
    return std::unexpected(Error(ErrorCode::timeout));
  }
  if (simulation_.chance(faults.stopped)) simulation_.sleep(simulation_.up_to(kLongStop));
  return answer;
}

template <class Op>
Attempt SimulatedLog::change(Milliseconds within, Op op) noexcept {
  auto attempt = call(within, op);
  if (attempt) return *std::move(attempt);
  const bool was_sent = attempt.error() != ErrorCode::io_error;
  return {.fate = was_sent ? Fate::no_answer : Fate::failed, .error = std::move(attempt).error()};
}

Result<std::optional<SeenHead>> SimulatedLog::read_head(Milliseconds within) noexcept {
  return call(within, [](SimulatedEngine& engine) { return engine.state.head; });
}

Attempt SimulatedLog::found(const Head& head, Milliseconds within) noexcept {
  return change(within, [head](SimulatedEngine& engine) { return engine.found(head); });
}

Attempt SimulatedLog::append(const SeenHead& before, const Head& after, std::string_view entry,
                             const std::optional<LeaderPut>& leader, Milliseconds within) noexcept {
  return change(within, [before, after, entry = std::string(entry), leader](SimulatedEngine& engine) {
    return engine.append(before, after, entry, leader);
  });
}

Attempt SimulatedLog::take_over(const SeenHead& before, const Head& after, const LeaderPut& leader,
                                Milliseconds within) noexcept {
  return change(within, [before, after, leader](SimulatedEngine& engine) {
    return engine.take_over(before, after, leader);
  });
}

Result<Stretch> SimulatedLog::read_entries(std::uint64_t first, std::size_t bytes,
                                           Milliseconds within) noexcept {
  return call(within, [first, most = std::min(bytes, faults.stretch)](SimulatedEngine& engine) {
    return engine.read(first, most);
  });
}

class SimulatedLog::LookingWatch : public Watch {
 public:
  LookingWatch(SimulatedLog& log, std::int64_t position) noexcept : log_(log), position_(position) {}

  Event next(Milliseconds within) noexcept override {
    if (!look()) {
      log_.simulation_.sleep(within);
      std::ignore = look();
    }
    Event event{std::exchange(entries_, {}), ended_};
    return event;
  }

 private:
  // Whether there is something to tell.
  bool look() {
    const SimulatedEngine::State& state = log_.engine_.state;
    if (log_.stopped_ || log_.simulation_.chance(log_.faults.ended) || position_ < state.compacted)
      ended_ = true;
    if (ended_ || log_.faults.is_cut) return ended_;
    for (const auto& [number, entry] : state.entries) {
      if (entry.version > position_) entries_.push_back({number, entry.bytes});
    }
    position_ = state.revision;
    return !entries_.empty();
  }

  SimulatedLog& log_;
  std::int64_t position_;
  std::vector<LogEntry> entries_;
  bool ended_ = false;
};

std::unique_ptr<Watch> SimulatedLog::watch(std::int64_t position) noexcept {
  return std::make_unique<LookingWatch>(*this, position);
}

namespace {

// An answer that says nothing.
struct Done {};

Result<void> done(const Result<Done>& answer) {
  if (!answer) return std::unexpected(answer.error());
  return {};
}

// None: the engine is full.
template <class Value>
Result<Value> unless_full(Result<std::optional<Value>>&& answer) {
  if (!answer) return std::unexpected(std::move(answer).error());
  if (!*answer) return std::unexpected(Error(ErrorCode::disk_full));
  return **std::move(answer);
}

}   // namespace

Result<void> SimulatedLog::put_part(std::uint64_t entry, const Id& nonce, std::uint64_t index,
                                    std::string_view bytes, Milliseconds within) noexcept {
  return done(unless_full(call(within, [part = SimulatedEngine::Part(entry, nonce, index),
                                        bytes = std::string(bytes)](SimulatedEngine& engine) {
    return engine.put_part(part, bytes) ? std::optional(Done()) : std::nullopt;
  })));
}

Result<std::string> SimulatedLog::read_part(std::uint64_t entry, const Id& nonce, std::uint64_t index,
                                            Milliseconds within) noexcept {
  auto found = call(within, [entry, nonce, index](SimulatedEngine& engine) -> std::optional<std::string> {
    const auto part = engine.state.parts.find({entry, nonce, index});
    return part == engine.state.parts.end() ? std::nullopt : std::optional(part->second);
  });
  if (!found) return std::unexpected(found.error());
  if (!*found) return std::unexpected(Error(ErrorCode::corrupt_store));
  return **std::move(found);
}

Result<void> SimulatedLog::sweep_parts(const SeenHead& head, Milliseconds within) noexcept {
  const auto there = call(within, [first = head.head.entry + 1](SimulatedEngine& engine) {
    std::vector<SimulatedEngine::Part> names;
    for (auto part = engine.state.parts.lower_bound({first, Id{}, 0}); part != engine.state.parts.end();
         ++part)
      names.push_back(part->first);
    return names;
  });
  if (!there) return std::unexpected(there.error());
  if (there->empty()) return {};
  return done(call(within, [head, names = *there](SimulatedEngine& engine) {
    if (!engine.is_head(head)) return Done();
    for (const SimulatedEngine::Part& name : names) engine.state.parts.erase(name);
    return Done();
  }));
}

Result<void> SimulatedLog::trim(std::uint64_t below, Milliseconds within) noexcept {
  return done(call(within, [below](SimulatedEngine& engine) {
    engine.trim(below);
    return Done();
  }));
}

Result<Lease> SimulatedLog::grant_lease(Milliseconds length, Milliseconds within) noexcept {
  return unless_full(call(within, [length](SimulatedEngine& engine) { return engine.grant(length); }));
}

Result<void> SimulatedLog::keep_lease(Lease lease, Milliseconds within) noexcept {
  const auto kept = call(within, [lease](SimulatedEngine& engine) { return engine.keep(lease); });
  if (!kept) return std::unexpected(kept.error());
  if (!*kept) return std::unexpected(Error(ErrorCode::not_leader));
  return {};
}

Result<void> SimulatedLog::revoke_lease(Lease lease, Milliseconds within) noexcept {
  return done(call(within, [lease](SimulatedEngine& engine) {
    engine.revoke(lease);
    return Done();
  }));
}

Result<std::optional<Leader>> SimulatedLog::read_leader(Milliseconds within) noexcept {
  return call(within, [](SimulatedEngine& engine) {
    return engine.state.leader ? std::optional(engine.state.leader->value) : std::nullopt;
  });
}

Result<bool> SimulatedLog::remove_leader(const Leader& leader, Milliseconds within) noexcept {
  return unless_full(call(within, [leader](SimulatedEngine& engine) -> std::optional<bool> {
    if (engine.is_full()) return std::nullopt;
    const bool is_this = engine.state.leader && engine.state.leader->value == leader;
    if (is_this) engine.state.leader.reset();
    return is_this;
  }));
}

Result<void> SimulatedLog::put_member(const Member& member, Lease lease, Milliseconds within) noexcept {
  const auto put = call(within, [member, lease](SimulatedEngine& engine) -> std::optional<ErrorCode> {
    auto& members = engine.state.members;
    const auto there = members.find(member.node);
    if (there != members.end() && there->second.value.process != member.process &&
        there->second.value.process != Id{})
      return ErrorCode::cluster_member;
    if (engine.is_full()) return ErrorCode::disk_full;
    if (lease != kNoLease && !engine.state.leases.contains(lease)) return ErrorCode::not_leader;
    members[member.node] = {member, lease};
    return std::nullopt;
  });
  if (!put) return std::unexpected(put.error());
  if (*put) return std::unexpected(Error(**put));
  return {};
}

Result<std::vector<Member>> SimulatedLog::read_members(Milliseconds within) noexcept {
  return call(within, [](SimulatedEngine& engine) {
    std::vector<Member> members;
    for (const auto& [node, member] : engine.state.members) members.push_back(member.value);
    return members;
  });
}

Result<std::optional<Snapshot>> SimulatedLog::read_snapshot(Milliseconds within) noexcept {
  return call(within, [](SimulatedEngine& engine) { return engine.state.snapshot; });
}

Result<bool> SimulatedLog::advance_snapshot(const Snapshot& snapshot, Milliseconds within) noexcept {
  return unless_full(call(within, [snapshot](SimulatedEngine& engine) -> std::optional<bool> {
    auto& there = engine.state.snapshot;
    if (engine.is_full()) return std::nullopt;
    if (there && there->entry >= snapshot.entry) return false;
    there = snapshot;
    return true;
  }));
}

Result<Usage> SimulatedLog::usage(Milliseconds within) noexcept {
  return call(within, [](SimulatedEngine& engine) {
    std::uint64_t bytes = 0;
    for (const auto& [number, entry] : engine.state.entries) bytes += entry.bytes.size();
    for (const auto& [place, part] : engine.state.parts) bytes += part.size();
    return Usage{.bytes = bytes + engine.state.free_bytes, .in_use = bytes};
  });
}

}   // namespace usertags::cluster
