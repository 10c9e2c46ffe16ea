#include <condition_variable>
#include <mutex>
#include <new>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include <usertags/cluster/node.hpp>

#include "cluster/membership.hpp"
#include "cluster/node_access.hpp"
#include "cluster/node_metrics.hpp"
#include "cluster/replica.hpp"
#include "cluster/snapshotting.hpp"
#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "model/text.hpp"
#include "store/boundary.hpp"
#include "store/file/entropy.hpp"
#include "store/store_access.hpp"
#include "store/watch/host_call.hpp"
#include "store/watch/telemetry.hpp"

namespace usertags::cluster {
namespace {

constexpr std::size_t kMaxNameBytes = 64;
constexpr std::size_t kMaxAddressBytes = 1'024;
constexpr Milliseconds kSnapshotWithin{10'000};   // for each question to the log

Replica::Identity identity_of(const std::filesystem::path& file, const NodeOptions& options,
                              const store::Shard& shard) {
  return {.node = binding_of(read_state(file, options.store.busy_timeout)).node,
          .process = random_id(),
          .address = options.address,
          .memory_budget = options.store.memory_budget,
          .shard = shard};
}

Timing timing_of(const NodeOptions& options) {
  return {.lease = options.lease,
          .answer_within = options.answer_within,
          .max_log_bytes = options.max_log_bytes,
          .quota_bytes = options.etcd_quota_bytes};
}

}   // namespace

Options of_member(Options options) {
  options.durability = Durability::relaxed;
  options.create_if_missing = false;
  options.settings.reset();
  return options;
}

Id random_id() {
  Id id;
  store::fill_random(id);
  return id;
}

void expect_possible(const NodeOptions& options) {
  const std::string& name = options.cluster;
  constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyz0123456789-_";
  if (name.empty() || name.size() > kMaxNameBytes || name.find_first_not_of(kLetters) != std::string::npos)
    model::fail(ErrorCode::invalid_argument, "NodeOptions::cluster is " + model::quoted(name),
                "name it by 1 to 64 of a-z, 0-9, '-' and '_'");
  if (options.address.size() > kMaxAddressBytes || !model::scan_utf8(options.address).well_formed)
    model::fail(ErrorCode::invalid_argument, "NodeOptions::address is " + model::quoted(options.address),
                "give up to 1,024 bytes of UTF-8");
  if (options.lease <= Milliseconds(0) || options.answer_within <= Milliseconds(0))
    model::fail(ErrorCode::invalid_argument, "NodeOptions::lease or answer_within is not above zero");
  if (options.store.access == Access::read_only)
    model::fail(ErrorCode::invalid_argument, "a node writes to its file, and Options::access is read_only",
                "open the file for reading by UserTagStore::open()");
}

// Members are ended in the order against that of their making: the thread first.
class Node::Impl {
 public:
  Impl(const std::filesystem::path& file, const NodeOptions& options, const store::Shard& shard,
       std::unique_ptr<Log> log)
      : file_(file),
        cluster_(options.cluster),
        logger_(options.store.log),
        identity_(identity_of(file, options, shard)),
        log_(std::move(log)),
        replica_(*log_, identity_, timing_of(options),
                 {.now = [] { return std::chrono::steady_clock::now(); },
                  .new_id = random_id,
                  .pause = [this](Milliseconds time) { pause(time); },
                  .warn = [this](const std::string& line) { warn(line); }}) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { end_thread(Parting::at_once); }

  Result<void> open(const Options& options) {
    auto store = store::StoreAccess::open(file_, of_member(options), replica_);
    if (!store) return std::unexpected(std::move(store).error());
    store_.emplace(*std::move(store));
    replica_.attach(store::StoreAccess::engine(*store_));
    thread_ = std::thread([this] {
      while (!is_ending() && replica_.step()) {
      }
    });
    return {};
  }

  Replica& replica() noexcept { return replica_; }
  const Replica& replica() const noexcept { return replica_; }
  UserTagStore& store() noexcept { return *store_; }

  NodeStatus status() const {
    const Replica::Status seen = replica_.status();
    NodeStatus status{.role = seen.role,
                      .node = hex(identity_.node),
                      .term = seen.term,
                      .entry = seen.entry,
                      .synced_entry = seen.synced,
                      .revision = store_->revision(),
                      .freshness = {seen.fresh_at},
                      .etcd_bytes = seen.used_bytes,
                      .failure = seen.error};
    if (seen.leader) status.leader = seen.leader->address;
    return status;
  }

  Result<std::uint64_t> make_snapshot(SnapshotTransport& transport) {
    const std::lock_guard one_at_a_time(snapshots_);
    return cluster::make_snapshot(*store_, {.file = file_, .cluster = cluster_, .within = kSnapshotWithin},
                                  *log_, transport);
  }

  Result<void> close() {
    const auto resigned = replica_.resign();   // else the lease tells the others, later
    end_thread(Parting::in_order);
    auto closed = store_->close();
    return !closed || resigned || resigned.error() == ErrorCode::store_closed ? closed : Result<void>();
  }

 private:
  // Marked as a call of the store's: what would wait for the store is refused there.
  void warn(const std::string& line) {
    const store::HostCall call(&store::StoreAccess::engine(*store_));
    logger_(LogLevel::warning, [&] { return line; });
  }

  bool is_ending() {
    const std::lock_guard lock(mutex_);
    return is_ending_;
  }

  // What waits for an append waits on: the store is closed when it is resolved.
  void pause(Milliseconds time) {
    std::unique_lock lock(mutex_);
    ending_.wait_for(lock, time, [this] { return is_ending_; });
  }

  enum class Parting : std::uint8_t { at_once, in_order };   // others wait for the lease's end; they need not

  void end_thread(Parting parting) {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    ending_.notify_all();
    if (parting == Parting::at_once) log_->stop();
    if (thread_.joinable()) {
      thread_.join();
      if (parting == Parting::in_order) replica_.leave();
    }
    log_->stop();
  }

  const std::filesystem::path file_;
  const std::string cluster_;
  const store::Logger logger_;
  const Replica::Identity identity_;
  std::mutex snapshots_;
  std::mutex mutex_;
  std::condition_variable ending_;
  bool is_ending_ = false;
  const std::unique_ptr<Log> log_;
  Replica replica_;
  std::optional<UserTagStore> store_;
  std::thread thread_;
};

Node::Node(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
Node::Node(Node&& other) noexcept = default;
Node& Node::operator=(Node&& other) noexcept = default;
Node::~Node() = default;

Result<Node> NodeAccess::join(const std::filesystem::path& file, const NodeOptions& options,
                              std::unique_ptr<Log> log, const store::Shard& shard) noexcept {
  return store::guarded([&]() -> Result<Node> {
    expect_possible(options);
    auto impl = std::make_unique<Node::Impl>(file, options, shard, std::move(log));
    if (auto opened = impl->open(options.store); !opened) return std::unexpected(std::move(opened).error());
    return Node(std::move(impl));
  });
}

UserTagStore& Node::store() noexcept {
  return impl_->store();
}

bool Node::leading() const noexcept {
  return impl_->replica().leads();
}

std::uint64_t Node::term() const noexcept {
  return impl_->replica().term();
}

Freshness Node::freshness() const noexcept {
  return {impl_->replica().fresh_at()};
}

Result<NodeStatus> Node::status() const noexcept {
  return store::guarded([&]() -> Result<NodeStatus> { return impl_->status(); });
}

Result<std::string> Node::metrics_text() const noexcept {
  return store::guarded([&]() -> Result<std::string> { return cluster::metrics_text(impl_->status()); });
}

Result<std::uint64_t> Node::read_latest(std::chrono::milliseconds timeout) noexcept {
  return impl_->replica().read_latest(timeout);
}

Result<void> Node::resign() noexcept {
  return impl_->replica().resign();
}

Result<std::uint64_t> Node::make_snapshot(SnapshotTransport& transport) noexcept {
  return store::guarded([&] { return impl_->make_snapshot(transport); });
}

Result<void> Node::close() noexcept {
  return store::guarded([&] { return impl_->close(); });
}

}   // namespace usertags::cluster
