// One stream at a time, with one operation under way: start, the request, then one response after the other. Its
// completion queue is what next() waits for, so that it needs no thread.
#include <utility>

#include <grpcpp/completion_queue.h>
#include <grpcpp/support/async_stream.h>

#include "cluster/etcd/client.hpp"
#include "cluster/etcd/connections.hpp"
#include "cluster/etcd/errors.hpp"
#include "model/deadline.hpp"

namespace usertags::cluster::etcd {
namespace {

enum Operation : std::uintptr_t { kStart = 1, kWrite, kRead, kFinish };

void* tag_of(Operation operation) {
  return reinterpret_cast<void*>(operation);
}

// A node that does not begin within this time is left; and etcd, where none can be reached for so long.
constexpr Milliseconds kBegin{2'000};

}   // namespace

struct Watching::Stream {
  explicit Stream(Node& its_node) : node(its_node), begin_by(Clock::now() + kBegin) {}
  ~Stream() {
    context.TryCancel();
    queue.Shutdown();
    void* tag = nullptr;
    bool ok = false;
    while (queue.Next(&tag, &ok)) {
    }
  }
  Stream(const Stream&) = delete;
  Stream& operator=(const Stream&) = delete;

  Node& node;
  Deadline begin_by;
  bool begun = false;
  std::string token;
  grpc::ClientContext context;
  grpc::CompletionQueue queue;
  std::optional<Entered> entered;   // after the context: stop() may cancel it until this goes
  std::unique_ptr<grpc::ClientAsyncReaderWriter<etcdserverpb::WatchRequest, etcdserverpb::WatchResponse>> rpc;
  etcdserverpb::WatchRequest request;
  etcdserverpb::WatchResponse response;
  grpc::Status status;
};

Watching::Watching(Connections& connections, std::string key, std::string end, std::int64_t from_revision)
    : connections_(connections), key_(std::move(key)), end_(std::move(end)), next_revision_(from_revision) {}

Watching::~Watching() = default;

Watching::Event Watching::next(Milliseconds within) noexcept {
  try {
    return waited(within);
  } catch (const std::bad_alloc&) {   // what was read may be lost: it is read again by another watch
    ready_.clear();
    ended_ = Error(ErrorCode::out_of_memory);
    return {.puts = {}, .ended = ended_};
  }
}

Watching::Event Watching::waited(Milliseconds within) {
  const Deadline deadline = model::deadline_in(within);
  while (ready_.empty() && !ended_) {
    if (!stream_ && !open(deadline)) return {.puts = {}, .ended = ended_};
    void* tag = nullptr;
    bool ok = false;
    const Deadline until = stream_->begun ? deadline : std::min(deadline, stream_->begin_by);
    switch (stream_->queue.AsyncNext(&tag, &ok, to_grpc(until))) {
      case grpc::CompletionQueue::GOT_EVENT:
        step(static_cast<int>(reinterpret_cast<std::uintptr_t>(tag)), ok);
        break;
      case grpc::CompletionQueue::SHUTDOWN: break;   // never: a stream shuts its queue down when it goes
      case grpc::CompletionQueue::TIMEOUT:
        if (!stream_->begun && Clock::now() >= stream_->begin_by)
          broke(grpc::Status(grpc::StatusCode::DEADLINE_EXCEEDED, ""));
        if (Clock::now() >= deadline) return {.puts = {}, .ended = ended_};
    }
  }
  if (!ready_.empty()) return {.puts = std::exchange(ready_, {}), .ended = {}};
  return {.puts = {}, .ended = ended_};
}

// False: not in this time, or never more.
bool Watching::open(Deadline deadline) {
  Node* node = connections_.connect(deadline);
  if (node == nullptr) {   // connecting goes on while nobody waits for it
    if (!unreached_since_) unreached_since_ = Clock::now();
    if (connections_.stopped() || Clock::now() - *unreached_since_ > kBegin)
      ended_ = error_of(connections_.why_not(deadline));
    return false;
  }
  unreached_since_.reset();
  auto stream = std::make_unique<Stream>(*node);
  const Deadline soon = std::max(deadline, Clock::now() + kBegin);
  if (const grpc::Status status = connections_.token(*node, soon, stream->token); !status.ok()) {
    connections_.leave(*node);
    broke(status);
    return false;
  }
  if (!stream->token.empty()) stream->context.AddMetadata("token", stream->token);
  // A node that is cut off from its leader ends the watch, instead of keeping silent.
  stream->context.AddMetadata("hasleader", "true");
  stream->entered.emplace(connections_, stream->context);
  if (!*stream->entered) {
    ended_ = Error(ErrorCode::cancelled);
    return false;
  }
  etcdserverpb::WatchCreateRequest& create = *stream->request.mutable_create();
  create.set_key(key_);
  create.set_range_end(end_);
  create.set_start_revision(next_revision_);
  create.add_filters(etcdserverpb::WatchCreateRequest::NODELETE);
  create.set_fragment(true);
  stream->rpc = node->watch->PrepareAsyncWatch(&stream->context, &stream->queue);
  stream->rpc->StartCall(tag_of(kStart));
  stream_ = std::move(stream);
  return true;
}

void Watching::step(int what, bool ok) {
  Stream& stream = *stream_;
  if (what == kFinish) {
    connections_.leave(stream.node);
    return broke(stream.status.ok() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the watch ended")
                                    : stream.status);
  }
  if (!ok) return stream.rpc->Finish(&stream.status, tag_of(kFinish));
  if (what == kStart) return stream.rpc->Write(stream.request, tag_of(kWrite));
  if (what == kRead) take_response();
  if (stream_ && !ended_) stream.rpc->Read(&stream.response, tag_of(kRead));
}

void Watching::take_response() {
  etcdserverpb::WatchResponse& response = stream_->response;
  if (response.canceled()) return take_end();
  stream_->begun = true;
  breaks_ = 0;
  token_renewed_ = false;
  for (etcdserverpb::Event& event : *response.mutable_events())
    fragment_.push_back({.key = std::move(*event.mutable_kv()->mutable_key()),
                         .value = std::move(*event.mutable_kv()->mutable_value()),
                         .mod_revision = event.kv().mod_revision(),
                         .lease = event.kv().lease()});
  if (response.fragment() || fragment_.empty()) return;
  next_revision_ = fragment_.back().mod_revision + 1;
  ready_ = std::exchange(fragment_, {});
}

void Watching::take_end() {
  const etcdserverpb::WatchResponse& response = stream_->response;
  if (response.compact_revision() > 0) {
    ended_ =
        Error(ErrorCode::history_pruned,
              Error::Details{.what = "etcd has compacted what the watch asks for", .remedy = "read again"});
    return;
  }
  // A token that etcd has forgotten looks as a permission that is missing.
  if (!stream_->token.empty() && !token_renewed_) {
    token_renewed_ = true;
    connections_.forget_token(stream_->token);
    return broke(grpc::Status(grpc::StatusCode::UNAUTHENTICATED, response.cancel_reason()));
  }
  ended_ = error_of(grpc::Status(grpc::StatusCode::PERMISSION_DENIED, response.cancel_reason()));
}

// The stream is of no use any more. What it had told in part is told again, whole, by the next one.
void Watching::broke(const grpc::Status& status) {
  stream_.reset();
  fragment_.clear();
  if (connections_.stopped())
    ended_ = Error(ErrorCode::cancelled);
  else if (++breaks_ > connections_.size())
    ended_ = error_of(status);
}

}   // namespace usertags::cluster::etcd
