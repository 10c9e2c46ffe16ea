#include "cluster/etcd/connections.hpp"

#include <algorithm>
#include <utility>

#include "cluster/etcd/errors.hpp"
#include "model/deadline.hpp"

namespace usertags::cluster::etcd {
namespace {

constexpr Milliseconds kPause{20};         // between rounds over all nodes
constexpr Milliseconds kGlance{50};        // how long a connection is waited for, before stop() is looked for
constexpr Milliseconds kPatience{2'000};   // with one node, before another one is asked; more with each round

// When to go on to another one of that many nodes.
Deadline share(Deadline deadline, std::size_t nodes, std::size_t rounds = 1) {
  const Deadline now = Clock::now();
  if (nodes == 1) return deadline;
  const Clock::duration fair = std::max<Clock::duration>((deadline - now) / static_cast<int>(nodes), kGlance);
  return std::min(deadline, now + std::min<Clock::duration>(fair, kPatience * static_cast<int>(rounds)));
}

// Whatever a call says, it does not outlast its context.
grpc::Status made(Connections& connections, const Connections::Call& call, Node& node,
                  grpc::ClientContext& context, Deadline deadline) {
  context.set_deadline(to_grpc(deadline));
  const Entered entered(connections, context);
  if (!entered) return {grpc::StatusCode::CANCELLED, "stopped"};
  return call(node, context);
}

}   // namespace

gpr_timespec to_grpc(Deadline deadline) {
  const auto left = std::max(deadline - Clock::now(), Clock::duration::zero());
  return gpr_time_add(gpr_now(GPR_CLOCK_MONOTONIC),
                      gpr_time_from_nanos(std::chrono::nanoseconds(left).count(), GPR_TIMESPAN));
}

Connections::Connections(const EtcdOptions& options, std::vector<Node> nodes)
    : user_(options.user), password_(options.password), nodes_(std::move(nodes)) {}

// --- Which node. ---

// A node that refuses is left at once; one that keeps silent may do so until the deadline.
bool Connections::is_ready(Node& node, Deadline deadline) {
  for (;;) {
    const grpc_connectivity_state state = node.channel->GetState(true);
    if (state == GRPC_CHANNEL_READY) return true;
    if (state == GRPC_CHANNEL_TRANSIENT_FAILURE || state == GRPC_CHANNEL_SHUTDOWN) return false;
    const Deadline now = Clock::now();
    if (stopped_ || now >= deadline) return false;
    node.channel->WaitForStateChange(state, to_grpc(std::min(now + kGlance, deadline)));
  }
}

Node* Connections::connect(Deadline deadline) {
  while (!stopped_) {
    for (std::size_t left = nodes_.size(); left > 0; --left) {
      const std::size_t index = current_.load() % nodes_.size();
      if (is_ready(nodes_[index], share(deadline, nodes_.size()))) return &nodes_[index];
      leave(nodes_[index]);
      if (stopped_) return nullptr;
    }
    if (Clock::now() >= deadline) return nullptr;
    pause(deadline);
  }
  return nullptr;
}

void Connections::leave(const Node& node) {
  const std::size_t index = static_cast<std::size_t>(&node - nodes_.data());
  std::size_t expected = index;
  current_.compare_exchange_strong(expected, (index + 1) % nodes_.size());
}

// gRPC gets on with connecting only while somebody waits for it: here, too, by the state of a channel.
void Connections::pause(Deadline deadline) {
  grpc::Channel& channel = *nodes_[current_.load() % nodes_.size()].channel;
  channel.WaitForStateChange(channel.GetState(true), to_grpc(std::min(Clock::now() + kPause, deadline)));
}

// A channel does not say why it is not connected: a call that fails does.
grpc::Status Connections::why_not(Deadline deadline) {
  if (stopped_) return {grpc::StatusCode::CANCELLED, "stopped"};
  Node& node = nodes_[current_.load() % nodes_.size()];
  if (node.channel->GetState(true) != GRPC_CHANNEL_TRANSIENT_FAILURE)
    return {grpc::StatusCode::UNAVAILABLE, "no connection to " + node.endpoint};
  grpc::ClientContext context;
  const grpc::Status status = made(
      *this,
      [](Node& asked, grpc::ClientContext& its) {
        etcdserverpb::StatusResponse ignored;
        return asked.maintenance->Status(&its, {}, &ignored);
      },
      node, context, std::max(deadline, Clock::now() + kGlance));
  return {grpc::StatusCode::UNAVAILABLE, "no connection to " + node.endpoint + ": " + status.error_message()};
}

// --- Calls. ---

Connections::Answer Connections::ask(Node& node, const Call& call, Deadline deadline) {
  for (bool renewed = false;; renewed = true) {
    std::string token;
    if (const grpc::Status status = this->token(node, deadline, token); !status.ok()) return {status, false};
    grpc::ClientContext context;
    if (!token.empty()) context.AddMetadata("token", token);
    const grpc::Status status = made(*this, call, node, context, deadline);
    if (renewed || token.empty() || !is_token_refused(status)) return {status, true};
    forget_token(token);
  }
}

Connections::Answer Connections::once(const Call& call, Deadline deadline) {
  Node* node = connect(deadline);
  if (node == nullptr) return {why_not(deadline), false};
  Answer answer = ask(*node, call, deadline);
  if (is_worth_repeating(answer.status)) leave(*node);
  return answer;
}

Result<void> Connections::until_answered(const Call& call, Milliseconds within) {
  const Deadline deadline = model::deadline_in(within);
  for (std::size_t asked = 1;; ++asked) {
    Node* node = connect(deadline);
    if (node == nullptr) return std::unexpected(error_of(why_not(deadline)));
    const Answer answer = ask(*node, call, share(deadline, nodes_.size(), 1 + asked / nodes_.size()));
    if (answer.status.ok()) return {};
    if (stopped_) return std::unexpected(Error(ErrorCode::cancelled));
    if (!is_worth_repeating(answer.status)) return std::unexpected(error_of(answer.status));
    leave(*node);
    if (Clock::now() >= deadline) return std::unexpected(error_of(answer.status));
    if (asked >= nodes_.size()) pause(deadline);
  }
}

// --- The token. ---

grpc::Status Connections::token(Node& node, Deadline deadline, std::string& token) {
  if (user_.empty()) return {};
  {
    const model::MutexLock lock(mutex_);
    token = token_;
  }
  if (!token.empty()) return {};
  etcdserverpb::AuthenticateRequest request;
  request.set_name(user_);
  request.set_password(password_);
  etcdserverpb::AuthenticateResponse response;
  grpc::ClientContext context;
  grpc::Status status = made(
      *this,
      [&](Node& asked, grpc::ClientContext& its) {
        return asked.auth->Authenticate(&its, request, &response);
      },
      node, context, deadline);
  if (!status.ok()) return status;
  token = response.token();
  const model::MutexLock lock(mutex_);
  token_ = token;
  return status;
}

void Connections::forget_token(const std::string& token) {
  const model::MutexLock lock(mutex_);
  if (token_ == token) token_.clear();
}

// --- Ending. ---

bool Connections::enter(grpc::ClientContext& context) {
  const model::MutexLock lock(mutex_);
  if (stopped_) return false;
  contexts_.insert(&context);
  return true;
}

void Connections::exit(grpc::ClientContext& context) {
  const model::MutexLock lock(mutex_);
  contexts_.erase(&context);
}

void Connections::stop() {
  const model::MutexLock lock(mutex_);
  stopped_ = true;
  for (grpc::ClientContext* context : contexts_) context->TryCancel();
}

}   // namespace usertags::cluster::etcd
