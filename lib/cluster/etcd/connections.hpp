// Connections to the nodes of one etcd: which one is asked, with which token, and how calls that wait are ended.
#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include <grpcpp/channel.h>
#include <grpcpp/client_context.h>
#include <grpcpp/support/time.h>

#include "cluster/etcd/client.hpp"
#include "cluster/etcd/rpc.grpc.pb.h"
#include "model/thread_annotations.hpp"

namespace usertags::cluster::etcd {

using Clock = std::chrono::steady_clock;
using Deadline = Clock::time_point;

// For gRPC, which knows no std::chrono::steady_clock.
gpr_timespec to_grpc(Deadline deadline);

struct Node {
  std::string endpoint;
  std::shared_ptr<grpc::Channel> channel;
  std::unique_ptr<etcdserverpb::KV::Stub> kv;
  std::unique_ptr<etcdserverpb::Watch::Stub> watch;
  std::unique_ptr<etcdserverpb::Lease::Stub> lease;
  std::unique_ptr<etcdserverpb::Maintenance::Stub> maintenance;
  std::unique_ptr<etcdserverpb::Auth::Stub> auth;
};

class Connections {
 public:
  Connections(const EtcdOptions& options, std::vector<Node> nodes);

  // A call of one node, in a context that is made for it.
  using Call = std::function<grpc::Status(Node&, grpc::ClientContext&)>;

  struct Answer {
    grpc::Status status;
    bool sent = false;   // the request may have left this process
  };
  // To one node that is connected, once; but for a token that is refused, which is renewed.
  Answer once(const Call& call, Deadline deadline);

  // To one node after the other, until one answers, or says what others would say, too.
  Result<void> until_answered(const Call& call, Milliseconds within);

  // A node that is connected, from the one that answered last on; else none, at the deadline or after stop().
  Node* connect(Deadline deadline);
  // The node gave no answer: the next one is asked from now on.
  void leave(const Node& node);
  std::size_t size() const noexcept { return nodes_.size(); }
  // Why no node is connected.
  grpc::Status why_not(Deadline deadline);

  // The token that calls bear, made where there is none; empty without a user.
  grpc::Status token(Node& node, Deadline deadline, std::string& token);
  void forget_token(const std::string& token);
  bool has_user() const noexcept { return !user_.empty(); }
  // The node's answer to a call with a token, which is made anew where it is refused.
  Answer ask(Node& node, const Call& call, Deadline deadline);

  // Those in waiting calls: stop() ends them. Not again after stop(): false.
  bool enter(grpc::ClientContext& context);
  void exit(grpc::ClientContext& context);
  bool stopped() const noexcept { return stopped_; }
  void stop();

 private:
  bool is_ready(Node& node, Deadline deadline);
  // Lets a while pass, before all nodes are asked once more.
  void pause(Deadline deadline);

  const std::string user_;
  const std::string password_;
  std::vector<Node> nodes_;
  std::atomic<std::size_t> current_ = 0;
  std::atomic<bool> stopped_ = false;

  model::Mutex mutex_;
  std::set<grpc::ClientContext*> contexts_ USERTAGS_GUARDED_BY(mutex_);
  std::string token_ USERTAGS_GUARDED_BY(mutex_);
};

// In a waiting call for as long as this is there.
class Entered {
 public:
  Entered(Connections& connections, grpc::ClientContext& context)
      : connections_(connections), context_(context), entered_(connections.enter(context)) {}
  ~Entered() {
    if (entered_) connections_.exit(context_);
  }
  Entered(const Entered&) = delete;
  Entered& operator=(const Entered&) = delete;
  explicit operator bool() const noexcept { return entered_; }

 private:
  Connections& connections_;
  grpc::ClientContext& context_;
  bool entered_;
};

}   // namespace usertags::cluster::etcd
