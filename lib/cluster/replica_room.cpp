// What a leader does for the log's room: it trims, warns, and refuses writes while there is none.
#include <string>
#include <utility>

#include "cluster/replica.hpp"
#include "cluster/trimming.hpp"

namespace usertags::cluster {
namespace {

constexpr std::uint64_t kWarnAt = 60;         // hundredths of the quota
constexpr std::uint64_t kRefuseAt = 80;       // likewise
constexpr Milliseconds kCompacting{10'000};   // how long a trim may take to be seen in what is used

std::uint64_t hundredths(std::uint64_t of, std::uint64_t count) noexcept {
  return of / 100 * count;
}

std::string how_full(const Usage& usage, std::uint64_t quota) {
  return "etcd uses " + std::to_string(usage.bytes) + " of the " + std::to_string(quota) +
         " bytes of its quota";
}

}   // namespace

void Replica::look_after_room() {
  if (!leads() || (room_seen_at_ && now() - *room_seen_at_ < timing_.sync_every)) return;
  room_seen_at_ = now();
  const auto usage = log_.usage(timing_.call_within);
  const bool over_cap = usage && usage->in_use > timing_.max_log_bytes;
  if (try_to_trim(over_cap)) trimmed_at_ = now();
  if (!usage) return;
  warn_of_quota(*usage);
  std::optional<Error> full = why_full(*usage, over_cap);
  const model::MutexLock lock(mutex_);
  full_ = std::move(full);
  shown_.used_bytes = usage->bytes;
}

// Whether there was something to trim.
bool Replica::try_to_trim(bool over_cap) {
  const auto members = log_.read_members(timing_.call_within);
  const auto snapshot = members ? log_.read_snapshot(timing_.call_within) : std::unexpected(members.error());
  if (!snapshot || !*snapshot) return false;
  const std::uint64_t last = trim_bound(*members, **snapshot, over_cap);
  if (last < trimmed_ + (over_cap ? 1 : timing_.trim_entries)) return false;
  if (log_.trim(last + 1, timing_.call_within)) trimmed_ = last;
  return true;
}

std::optional<Error> Replica::why_full(const Usage& usage, bool over_cap) const {
  if (usage.bytes > hundredths(timing_.quota_bytes, kRefuseAt)) {
    return Error(
        ErrorCode::disk_full,
        Error::Details{.what = how_full(usage, timing_.quota_bytes),
                       .remedy = "make a snapshot, so that the log is trimmed; then give back what is "
                                 "free (etcdctl defrag --cluster), and disarm the alarm, if etcd has "
                                 "raised it (etcdctl alarm disarm)"});
  }
  if (!over_cap || (trimmed_at_ && now() - *trimmed_at_ < kCompacting)) return std::nullopt;
  return Error(
      ErrorCode::disk_full,
      Error::Details{.what = "the log of the cluster has come to " + std::to_string(usage.in_use) +
                             " bytes, of the " + std::to_string(timing_.max_log_bytes) +
                             " that it may have, and what is older than the newest snapshot, and on "
                             "two disks, is trimmed already",
                     .remedy = "make a snapshot, with two nodes there, or one and a remote transport"});
}

// Once, until it is below again.
void Replica::warn_of_quota(const Usage& usage) {
  const bool is_crossed = usage.bytes > hundredths(timing_.quota_bytes, kWarnAt);
  if (is_crossed && !has_warned_ && surroundings_.warn) {
    surroundings_.warn(
        how_full(usage, timing_.quota_bytes) + "; above " + std::to_string(kRefuseAt) +
        " % writes are refused: make a snapshot, then defragment etcd (etcdctl defrag --cluster)");
  }
  has_warned_ = is_crossed;
}

}   // namespace usertags::cluster
