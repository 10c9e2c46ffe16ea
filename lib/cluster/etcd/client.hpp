// Client: what a shard's log asks of etcd (3.4 or later), over gRPC; nothing of gRPC is seen here.
//
// Endpoints are the nodes of one etcd. A call goes to the node that answered last; where that one does not answer,
// the next one is asked. Every call has a time: it answers within it, and waits for no more than that.
//
//   reads, leases, compaction   are repeated, on other nodes, until their time is over: doing them twice is no harm
//   txn()                       is sent once, to a node that is connected. Whether it failed, or may still land, is
//                               told apart: only what the node said of this very request is a failure
//
// Errors, of every call:
//   io_error               no node can be reached; the message has what the system said of it
//   timeout                etcd was reached, and did not answer in time, or has no leader: a majority is not there
//   permission_denied      wrong user or password, or the user may not do this; of TLS, see io_error
//   disk_full              etcd's quota is reached, or an alarm of it still stands
//   history_pruned         the revision is compacted
//   not_leader             the lease is gone
//   transaction_too_large  more than a request of etcd may hold (1.5 MiB)
//   busy                   etcd is behind with its work
//   corrupt_store          etcd says that its nodes differ
//   cancelled              after stop()
//   out_of_memory          of ours; gRPC itself ends the process when it gets no memory
//
// Thread-safe, but for Watching, which one thread uses at a time. Nothing throws. The client outlives its watches.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <usertags/cluster/etcd_options.hpp>
#include <usertags/error.hpp>

namespace grpc {
class Status;
}

namespace usertags::cluster::etcd {

using Milliseconds = std::chrono::milliseconds;
using Lease = std::int64_t;   // 0: none

struct KeyValue {
  std::string key;
  std::string value;
  std::int64_t mod_revision = 0;
  Lease lease = 0;
  bool operator==(const KeyValue&) const = default;
};

// Keys by bytes, in their order. Linearizable.
struct Range {
  std::string key;
  std::string end{};           // behind the last one; empty: the key alone
  std::int64_t limit = 0;      // 0: all
  std::int64_t revision = 0;   // as of then; 0: now
  bool keys_only = false;
};
struct Put {
  std::string key;
  std::string value;
  Lease lease = 0;
};
struct Erase {
  std::string key;
  std::string end{};   // as in Range
};

// The end of the keys that begin so.
std::string end_of_prefix(std::string prefix);

struct Found {
  std::vector<KeyValue> keys;
  bool more = false;           // than the limit
  std::int64_t revision = 0;   // etcd's, of the moment that was read
};

// The key's mod_revision (0: there is no such key), or its value.
struct Compare {
  std::string key;
  std::variant<std::int64_t, std::string> is;
};
using Step = std::variant<Range, Put, Erase>;
struct Txn {
  std::vector<Compare> when;
  std::vector<Step> then;
  std::vector<Step> otherwise{};
};
struct TxnAnswer {
  bool succeeded = false;      // all compares held
  std::int64_t revision = 0;   // behind it: of its puts, where it put
  std::vector<Found> found;    // of the ranges in the branch that was taken, in order
};
struct NotAnswered {
  Error error;
  // false: this request has no effect, now or later.
  // reading_tells: etcd has answered, and keeps to itself whether it is applied (of disk_full: the quota was reached by this
  // very request, or before it). Whatever is read from now on shows it: nothing is to come.
  // unknown: it is applied, or not, or not yet.
  enum class Landed : std::uint8_t { no, reading_tells, unknown };
  Landed landed = Landed::unknown;
};

struct Status {   // of the node that answers
  std::string version;
  std::uint64_t bytes = 0;          // what the quota is held against
  std::uint64_t bytes_in_use = 0;   // the rest is given back by defragmentation
  bool has_leader = false;
};
struct Alarms {
  bool no_space = false;
  bool corrupt = false;
};

class Connections;

// Puts in a range of keys, from a revision on, each once and in order, whatever becomes of nodes: where a connection
// breaks, or the node is cut off from its leader, it goes on at another one, behind what it has told.
class Watching {
 public:
  struct Event {
    std::vector<KeyValue> puts;   // whole revisions; empty: none came in time
    // It gives no more: history_pruned (compacted: read again), permission_denied, cancelled, or what was said by the
    // last of the nodes, where none gives anything.
    std::optional<Error> ended;
  };
  Watching(Connections& connections, std::string key, std::string end, std::int64_t from_revision);
  ~Watching();
  Watching(const Watching&) = delete;
  Watching& operator=(const Watching&) = delete;

  // Waits for at least one put.
  Event next(Milliseconds within) noexcept;
  void end(const Error& why) noexcept { ended_ = why; }

 private:
  struct Stream;
  Event waited(Milliseconds within);
  bool open(std::chrono::steady_clock::time_point deadline);
  void step(int what, bool ok);
  void take_response();
  void take_end();
  void broke(const grpc::Status& status);

  Connections& connections_;
  std::string key_;
  std::string end_;
  std::int64_t next_revision_;       // of what is still to come
  std::vector<KeyValue> ready_;      // whole responses
  std::vector<KeyValue> fragment_;   // of a response that is not whole yet
  std::size_t breaks_ = 0;           // since the last response
  std::optional<std::chrono::steady_clock::time_point> unreached_since_;
  bool token_renewed_ = false;   // since the last response
  std::optional<Error> ended_;
  std::unique_ptr<Stream> stream_;
};

class Client {
 public:
  // Connects when it is first asked. Errors: invalid_argument (no endpoints, or not HOST:PORT), io_error (a file of
  // `tls` cannot be read).
  static Result<std::unique_ptr<Client>> make(const EtcdOptions& options) noexcept;
  ~Client();
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  Result<Found> range(const Range& range, Milliseconds within) noexcept;
  std::expected<TxnAnswer, NotAnswered> txn(const Txn& txn, Milliseconds within) noexcept;
  // The same transaction may be made twice, and later than its answer.
  Result<TxnAnswer> repeatable_txn(const Txn& txn, Milliseconds within) noexcept;
  // Unlike a transaction that erases, etcd does it when its quota is reached.
  Result<void> erase(const Erase& erase, Milliseconds within) noexcept;

  // Puts behind the revision before `from_revision`.
  std::unique_ptr<Watching> watch(std::string key, std::string end, std::int64_t from_revision);

  // etcd counts in seconds, and has a least length of its own (3/2 of its election timeout): it rounds up.
  Result<Lease> grant(Milliseconds length, Milliseconds within) noexcept;
  Result<void> keep_alive(Lease lease, Milliseconds within) noexcept;   // not_leader: it is gone
  Result<void> revoke(Lease lease, Milliseconds within) noexcept;       // its keys go, too

  // Forgets what was before the revision. That it is forgotten already is no error.
  Result<void> compact(std::int64_t revision, Milliseconds within) noexcept;
  // Where the node that answers follows etcd's leader, the next one is asked from then on: so a client that asks again and
  // again comes to the leader, whom all changes go to, and spares them the way there.
  Result<Status> status(Milliseconds within) noexcept;
  Result<Alarms> alarms(Milliseconds within) noexcept;

  // Ends calls that wait, and watches, for good.
  void stop() noexcept;

 private:
  explicit Client(const EtcdOptions& options);
  std::unique_ptr<Connections> connections_;
};

}   // namespace usertags::cluster::etcd
