#include "cluster/node.hpp"

#include <condition_variable>
#include <mutex>
#include <new>
#include <thread>
#include <utility>

#include "cluster/membership.hpp"
#include "cluster/replica.hpp"
#include "store/boundary.hpp"
#include "store/file/entropy.hpp"
#include "store/store_access.hpp"

namespace usertags::cluster {
namespace {

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

Replica::Identity identity_of(const std::filesystem::path& file, const NodeOptions& options) {
  return {.node = binding_of(read_state(file, options.store.busy_timeout)).node,
          .process = random_id(),
          .address = options.address,
          .memory_budget = options.store.memory_budget};
}

}   // namespace

// Members are ended in the order against that of their making: the thread first.
class Node::Impl {
 public:
  Impl(const std::filesystem::path& file, const NodeOptions& options, std::unique_ptr<Log> log)
      : log_(std::move(log)),
        replica_(*log_, identity_of(file, options),
                 {.lease = options.lease, .answer_within = options.answer_within},
                 {.now = [] { return std::chrono::steady_clock::now(); },
                  .new_id = random_id,
                  .pause = [this](Milliseconds time) { pause(time); }}) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;
  ~Impl() { end_thread(); }

  Result<void> open(const std::filesystem::path& file, const Options& options) {
    auto store = store::StoreAccess::open(file, of_member(options), replica_);
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
  UserTagStore& store() noexcept { return *store_; }

  Result<void> close() {
    const auto resigned = replica_.resign();   // else the lease tells the others, later
    end_thread();
    auto closed = store_->close();
    return !closed || resigned || resigned.error() == ErrorCode::store_closed ? closed : Result<void>();
  }

 private:
  bool is_ending() {
    const std::lock_guard lock(mutex_);
    return is_ending_;
  }

  // What waits for an append waits on: the store is closed when it is resolved.
  void pause(Milliseconds time) {
    std::unique_lock lock(mutex_);
    ending_.wait_for(lock, time, [this] { return is_ending_; });
  }

  void end_thread() {
    {
      const std::lock_guard lock(mutex_);
      is_ending_ = true;
    }
    ending_.notify_all();
    log_->stop();
    if (thread_.joinable()) thread_.join();
  }

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

Result<Node> Node::join(const std::filesystem::path& file, const NodeOptions& options,
                        std::unique_ptr<Log> log) noexcept {
  return store::guarded([&]() -> Result<Node> {
    auto impl = std::make_unique<Impl>(file, options, std::move(log));
    if (auto opened = impl->open(file, options.store); !opened)
      return std::unexpected(std::move(opened).error());
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

std::optional<Leader> Node::leader() const noexcept {
  try {
    return impl_->replica().status().leader;
  } catch (const std::bad_alloc&) {
    return std::nullopt;
  }
}

Freshness Node::freshness() const noexcept {
  return {impl_->replica().fresh_at()};
}

std::optional<Error> Node::failure() const noexcept {
  return impl_->replica().failure();
}

Result<std::uint64_t> Node::read_latest(std::chrono::milliseconds timeout) noexcept {
  return impl_->replica().read_latest(timeout);
}

Result<void> Node::resign() noexcept {
  return impl_->replica().resign();
}

Result<void> Node::close() noexcept {
  return store::guarded([&] { return impl_->close(); });
}

}   // namespace usertags::cluster
