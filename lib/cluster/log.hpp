// Log: the log of one shard, kept by a consensus engine outside of this process. `etcd` implements it for real,
// `simulated` by seed. Who implements it needs to know nothing of stores: an entry is bytes here.
//
// Keys of one shard, under a prefix that the implementation is made with (/usertags/CLUSTER/INCARNATION/SHARD/):
//
//   head                      one Head (encode() is its value): how far the log has come, and whose turn it is
//   log/ENTRY                 the entry of that number; numbers are dense: head's is the newest
//   part/ENTRY/NONCE/INDEX    parts of an entry that is too large for one value
//   leader                    leased: a Leader. It says who may try; never who may write
//   member/NODE               leased: a Member
//   snapshot                  a Snapshot; only ever a later one takes the place of another
//
// ENTRY and INDEX are 16 digits of lowercase hex, so that keys are in the order of numbers; NONCE and NODE are
// 32 digits of lowercase hex.
//
// **The fence.** Every change of `head` compares it with the head that the caller has seen: by the engine's
// version of the key (etcd: mod_revision), and by its value. So a packet that comes late, a leader that was
// asleep, and an engine that was restored and counts its versions anew are all refused. append() also compares
// that log/ENTRY is absent. There is no other fence: leases and clocks decide nothing.
//
// **No answer is an outcome of its own.** Where a call that changes something is not answered, the change was
// made, was not, or will still be: an implementation never repeats such a call by itself, and never answers
// "refused" or "failed" unless the engine said so of this very attempt (errors of a connection after the
// request left the process are no answer; so is a deadline; so is an engine that lost its leader). Reads may be
// repeated within their time, on other endpoints, too.
//
// Reads are linearizable, unless said otherwise. `within` bounds a call by the steady clock. Errors of reads:
// timeout (no answer in time), io_error (nobody can be reached), permission_denied (user, password or
// certificate), corrupt_store (a value that cannot be read: the keys are somebody else's), unsupported_format
// (a value of a later format), disk_full (the engine's quota), cancelled (after stop()), out_of_memory.
//
// Threads: every method may be called from any thread, several at once. Nothing throws.
#pragma once

#include <array>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <usertags/error.hpp>

namespace usertags::cluster {

using Milliseconds = std::chrono::milliseconds;
using Id = std::array<std::uint8_t, 16>;   // random, but for a store's

// As keys and names have them: 16 digits, and 32.
std::string hex(std::uint64_t number);
std::string hex(const Id& id);

inline constexpr std::uint64_t kFormat = 1;   // of heads and entries, that this version writes and reads

// A larger entry is written in parts. etcd takes 1.5 MiB in one request, keys and all.
inline constexpr std::size_t kMaxValueBytes = std::size_t{1} << 20;

// --- Values. ---

struct Head {
  std::uint64_t format = kFormat;
  Id store_id{};
  std::uint64_t epoch = 1;        // of the store: of its feed's positions. Failover does not change it
  std::uint64_t term = 0;         // one more with each take-over. 0: nobody has led yet
  Id process{};                   // whose term it is: made anew by each process
  std::uint64_t entry = 0;        // of the newest entry; of the founding file where there is none yet
  std::uint64_t chain = 0;        // State::entry_checksum behind that entry
  std::uint64_t revision = 0;     // the store's, behind it
  std::uint64_t last_token = 0;   // likewise
  std::array<std::uint8_t, 16> digest{};
  Id nonce{};   // of the newest entry: tells one attempt from another

  bool operator==(const Head&) const = default;
};

// Canonical: equal heads have equal texts, and the text that decode_head() takes is encode()'s of what it
// answers. encode() throws std::bad_alloc; decode_head() answers corrupt_store, unsupported_format.
std::string encode(const Head& head);
Result<Head> decode_head(std::string_view text);

// A head as the engine had it: what the fence compares.
struct SeenHead {
  Head head;
  std::int64_t version = 0;   // the engine's, of the key: it changes with each change of it
  bool operator==(const SeenHead&) const = default;
};

struct Leader {
  Id process{};
  std::uint64_t term = 0;
  std::string address{};   // the host's; for its own transport
  bool operator==(const Leader&) const = default;
};
struct Member {
  Id node{};      // the file's
  Id process{};   // who has it open; all zero: nobody yet
  std::string address;
  std::uint64_t synced = 0;   // the entry up to which its file has synced, by the last sync that succeeded
  std::uint64_t memory_budget = 0;   // bytes; 0: no bound
  bool operator==(const Member&) const = default;
};
struct Snapshot {
  std::uint64_t entry = 0;   // of the file that is kept
  std::uint64_t chain = 0;
  std::uint64_t revision = 0;
  std::uint64_t bytes = 0;
  bool remote = false;   // its transport says: it outlives the machine that made it
  std::string place{};   // for the transport
  bool operator==(const Snapshot&) const = default;
};
// As encode() and decode_head().
std::string encode(const Leader& leader);
std::string encode(const Member& member);
std::string encode(const Snapshot& snapshot);
Result<Leader> decode_leader(std::string_view text);
Result<Member> decode_member(std::string_view text);
Result<Snapshot> decode_snapshot(std::string_view text);

// --- Answers. ---

// What became of a change that is fenced.
enum class Fate : std::uint8_t {
  applied,
  refused,     // a compare failed: it is not applied, and will not be
  failed,      // the engine said no to this attempt (disk_full, permission_denied, too large, …), or it was
               // never sent: this attempt has no effect, now or later. An earlier one may have
  no_answer,   // applied, or not, or not yet
};

struct Attempt {
  Fate fate = Fate::no_answer;
  // Of `applied`: the head that was written, with its version. Of `refused`: the head as it was then, read in
  // the same transaction; none where there is none.
  std::optional<SeenHead> head{};
  // Of `refused`, in the same transaction. The bytes under the entry's key, for append(); the lowest entry that
  // the log still has (0: none); whoever is in `leader`, for take_over().
  std::optional<std::string> entry{};
  std::uint64_t lowest = 0;
  std::optional<Leader> leader{};
  // Of `failed` and `no_answer`: why.
  std::optional<Error> error{};
};

struct LogEntry {
  std::uint64_t number = 0;
  std::string bytes;
};

struct Stretch {
  // From the first that was asked for, in order, without a gap. Empty where the log does not have it: it is
  // still to come, or trimmed.
  std::vector<LogEntry> entries;
  std::uint64_t lowest = 0;    // the lowest entry that the log still has; 0: it has none
  std::uint64_t newest = 0;    // the head's entry, of the same moment
  std::int64_t position = 0;   // for watch(): the engine's revision of this moment
};

// Entries that were put behind a position. One thread at a time. Destroying it ends the watch.
class Watch {
 public:
  virtual ~Watch() = default;
  Watch() = default;
  Watch(const Watch&) = delete;
  Watch& operator=(const Watch&) = delete;

  struct Event {
    // Puts under log/, in order. Deletions are not told.
    std::vector<LogEntry> entries;
    // It gives no more: the engine has compacted what it asks for, or has no leader, or cannot be reached.
    // Read again from the entry that is wanted, and watch from there: only Stretch::lowest tells that one is
    // trimmed. Once ended, always ended.
    bool ended = false;
  };
  // Waits for at least one entry; an empty Event after `within`.
  virtual Event next(Milliseconds within) noexcept = 0;
};

using Lease = std::int64_t;
inline constexpr Lease kNoLease = 0;

struct Usage {
  std::uint64_t bytes = 0;    // what the engine's quota is held against (etcd: dbSize)
  std::uint64_t in_use = 0;   // of them; the rest is free, but not given back yet (dbSizeInUse)
};

// --- The log. ---

class Log {
 public:
  virtual ~Log() = default;
  Log() = default;
  Log(const Log&) = delete;
  Log& operator=(const Log&) = delete;

  // None: the shard was never founded here.
  virtual Result<std::optional<SeenHead>> read_head(Milliseconds within) noexcept = 0;

  // {head absent} → head. The head's version is that of its creation. `refused`: with the head that is there.
  virtual Attempt found(const Head& head, Milliseconds within) noexcept = 0;

  // One transaction:
  //   if   head is `before` (version and value), and log/after.entry is absent
  //   then head = encode(after), log/after.entry = `entry`, and leader = *leader with its lease, where given
  //   else read head, log/after.entry, and the lowest key under log/
  // `entry` is at most max_value_bytes(). A lease that is gone fails the attempt (`failed`, not_leader): the caller
  // takes another, or goes without.
  struct LeaderPut {
    Leader leader;
    Lease lease = kNoLease;
  };
  virtual Attempt append(const SeenHead& before, const Head& after, std::string_view entry,
                         const std::optional<LeaderPut>& leader, Milliseconds within) noexcept = 0;

  // One transaction:
  //   if   head is `before` (version and value), and leader is absent
  //   then head = encode(after), leader = leader.leader with its lease
  //   else read head, leader, and the lowest key under log/
  // `after` is `before` with the next term and another process.
  virtual Attempt take_over(const SeenHead& before, const Head& after, const LeaderPut& leader,
                            Milliseconds within) noexcept = 0;

  // --- Entries. ---

  // What `entry` and a part may come to.
  virtual std::size_t max_value_bytes() const noexcept { return kMaxValueBytes; }

  // From `first` on, until the values come to about `bytes`; at least one entry, if there is one. All of one
  // moment, or each entry of a moment and `position`, `newest` of the first. May read from any endpoint, but
  // not of a moment before a call of this process that was answered.
  virtual Result<Stretch> read_entries(std::uint64_t first, std::size_t bytes,
                                       Milliseconds within) noexcept = 0;

  // Puts after the moment of `position` (etcd: start_revision = position + 1, on the prefix log/, puts only; with
  // the metadata that has a node without a leader cancel it). Connects when it is first asked. Null: no memory.
  virtual std::unique_ptr<Watch> watch(std::int64_t position) noexcept = 0;

  // Parts of an entry that is to come; nothing names them until its append. Putting the same again is no error.
  virtual Result<void> put_part(std::uint64_t entry, const Id& nonce, std::uint64_t index,
                                std::string_view bytes, Milliseconds within) noexcept = 0;
  // corrupt_store where there is none.
  virtual Result<std::string> read_part(std::uint64_t entry, const Id& nonce, std::uint64_t index,
                                        Milliseconds within) noexcept = 0;
  // Removes the parts that are there of entries behind `head`, as long as head is this one (version and value): nothing
  // names them then. Whoever has taken over, and asks so late that another one has since, removes nothing of theirs.
  virtual Result<void> sweep_parts(const SeenHead& head, Milliseconds within) noexcept = 0;

  // Removes log/ and part/ of entries below `below`, and has the engine compact itself up to this moment. Bounds
  // on what may go are the caller's.
  virtual Result<void> trim(std::uint64_t below, Milliseconds within) noexcept = 0;

  // --- Who is there. ---

  // A lease that ends by itself when it was not kept for so long (the engine may make it longer).
  virtual Result<Lease> grant_lease(Milliseconds length, Milliseconds within) noexcept = 0;
  // not_leader: the lease is gone. Any other error says nothing of it.
  virtual Result<void> keep_lease(Lease lease, Milliseconds within) noexcept = 0;
  // Its keys go with it. Nothing waits for the answer: errors are for logs.
  virtual Result<void> revoke_lease(Lease lease, Milliseconds within) noexcept = 0;

  virtual Result<std::optional<Leader>> read_leader(Milliseconds within) noexcept = 0;
  // {leader is this value} → it is removed. False where another one is there, or none.
  virtual Result<bool> remove_leader(const Leader& leader, Milliseconds within) noexcept = 0;

  // {member/NODE absent, of the same process, or of none: the place is kept for a file that is to come} → the
  // member, with its lease. cluster_member where another process is there under that node; not_leader where the
  // lease is gone.
  virtual Result<void> put_member(const Member& member, Lease lease, Milliseconds within) noexcept = 0;
  virtual Result<std::vector<Member>> read_members(Milliseconds within) noexcept = 0;

  // --- Snapshots. ---

  virtual Result<std::optional<Snapshot>> read_snapshot(Milliseconds within) noexcept = 0;
  // {snapshot is as it was read, and below this one} → this one. False where one is there that is as far.
  virtual Result<bool> advance_snapshot(const Snapshot& snapshot, Milliseconds within) noexcept = 0;

  // --- Care. ---

  // Of the engine, whoever else has entries in it.
  virtual Result<Usage> usage(Milliseconds within) noexcept = 0;

  // Ends calls that wait, with `cancelled` or Fate::no_answer, and Watch::next(), for good.
  virtual void stop() noexcept = 0;
};

}   // namespace usertags::cluster
