#include "cluster/etcd/client.hpp"

#include <fstream>
#include <iterator>
#include <limits>
#include <string_view>
#include <utility>

#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

#include "cluster/etcd/connections.hpp"
#include "cluster/etcd/errors.hpp"
#include "model/deadline.hpp"
#include "model/failure.hpp"

namespace usertags::cluster::etcd {
namespace {

// --- Making. ---

std::string read_pem(const std::filesystem::path& path) {
  if (path.empty()) return {};
  std::ifstream file(path, std::ios::binary);
  std::string text{std::istreambuf_iterator<char>(file), {}};
  if (!file || text.empty())
    model::fail(ErrorCode::io_error, "the file '" + path.string() + "' of TLS cannot be read, or is empty");
  return text;
}

std::shared_ptr<grpc::ChannelCredentials> credentials(const EtcdOptions& options) {
  if (!options.tls) return grpc::InsecureChannelCredentials();
  return grpc::SslCredentials({.pem_root_certs = read_pem(options.tls->authorities),
                               .pem_private_key = read_pem(options.tls->key),
                               .pem_cert_chain = read_pem(options.tls->certificate)});
}

grpc::ChannelArguments arguments() {
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(-1);
  arguments.SetInt(GRPC_ARG_ENABLE_RETRIES, 0);   // what is repeated is decided here
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
  arguments.SetInt(GRPC_ARG_INITIAL_RECONNECT_BACKOFF_MS, 50);
  arguments.SetInt(GRPC_ARG_MIN_RECONNECT_BACKOFF_MS, 2'000);   // the time that connecting may take
  arguments.SetInt(GRPC_ARG_MAX_RECONNECT_BACKOFF_MS, 500);
  // etcd ends connections that ask more often than every 5 s.
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIME_MS, 6'000);
  arguments.SetInt(GRPC_ARG_KEEPALIVE_TIMEOUT_MS, 2'000);
  return arguments;
}

void check(const std::string& endpoint) {
  const std::size_t colon = endpoint.rfind(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == endpoint.size() ||
      endpoint.find('/') != std::string::npos)
    model::fail(ErrorCode::invalid_argument, "the endpoint \"" + endpoint + "\" of etcd is not HOST:PORT");
}

std::vector<Node> make_nodes(const EtcdOptions& options) {
  if (options.endpoints.empty()) model::fail(ErrorCode::invalid_argument, "no endpoint of etcd is named");
  const auto its_credentials = credentials(options);
  std::vector<Node> nodes;
  for (const std::string& endpoint : options.endpoints) {
    check(endpoint);
    auto channel = grpc::CreateCustomChannel(endpoint, its_credentials, arguments());
    nodes.push_back({.endpoint = endpoint,
                     .channel = channel,
                     .kv = etcdserverpb::KV::NewStub(channel),
                     .watch = etcdserverpb::Watch::NewStub(channel),
                     .lease = etcdserverpb::Lease::NewStub(channel),
                     .maintenance = etcdserverpb::Maintenance::NewStub(channel),
                     .auth = etcdserverpb::Auth::NewStub(channel)});
  }
  return nodes;
}

// --- Requests and answers. ---

void fill(etcdserverpb::RangeRequest& out, const Range& range) {
  out.set_key(range.key);
  out.set_range_end(range.end);
  out.set_limit(range.limit);
  out.set_revision(range.revision);
  out.set_keys_only(range.keys_only);
}

void fill(etcdserverpb::RequestOp& out, const Range& range) {
  fill(*out.mutable_range(), range);
}
void fill(etcdserverpb::RequestOp& out, const Put& put) {
  out.mutable_put()->set_key(put.key);
  out.mutable_put()->set_value(put.value);
  out.mutable_put()->set_lease(put.lease);
}
void fill(etcdserverpb::RequestOp& out, const Erase& erase) {
  out.mutable_erase()->set_key(erase.key);
  out.mutable_erase()->set_range_end(erase.end);
}

void fill(etcdserverpb::Compare& out, const Compare& compare) {
  out.set_key(compare.key);
  out.set_result(etcdserverpb::Compare::EQUAL);
  if (const auto* revision = std::get_if<std::int64_t>(&compare.is)) {
    out.set_target(etcdserverpb::Compare::MOD);
    out.set_mod_revision(*revision);
  } else {
    out.set_target(etcdserverpb::Compare::VALUE);
    out.set_value(std::get<std::string>(compare.is));
  }
}

etcdserverpb::TxnRequest to_request(const Txn& txn) {
  etcdserverpb::TxnRequest request;
  for (const Compare& compare : txn.when) fill(*request.add_compare(), compare);
  for (const Step& step : txn.then) std::visit([&](auto& it) { fill(*request.add_success(), it); }, step);
  for (const Step& step : txn.otherwise)
    std::visit([&](auto& it) { fill(*request.add_failure(), it); }, step);
  return request;
}

Found to_found(etcdserverpb::RangeResponse& response, std::int64_t revision) {
  Found found{.keys = {}, .more = response.more(), .revision = revision};
  found.keys.reserve(static_cast<std::size_t>(response.kvs_size()));
  for (etcdserverpb::KeyValue& each : *response.mutable_kvs())
    found.keys.push_back({.key = std::move(*each.mutable_key()),
                          .value = std::move(*each.mutable_value()),
                          .mod_revision = each.mod_revision(),
                          .lease = each.lease()});
  return found;
}

TxnAnswer to_answer(etcdserverpb::TxnResponse& response) {
  TxnAnswer answer{.succeeded = response.succeeded(), .revision = response.header().revision(), .found = {}};
  for (etcdserverpb::ResponseOp& each : *response.mutable_responses())
    if (each.has_range()) answer.found.push_back(to_found(*each.mutable_range(), answer.revision));
  return answer;
}

// An answer as a value.
template <class Make>
auto when(const Result<void>& answered, Make make) -> Result<decltype(make())> {
  if (!answered) return std::unexpected(answered.error());
  return make();
}

std::uint64_t not_negative(std::int64_t number) {
  return number < 0 ? 0 : static_cast<std::uint64_t>(number);
}

}   // namespace

std::string end_of_prefix(std::string prefix) {
  while (!prefix.empty() && prefix.back() == '\xff') prefix.pop_back();
  if (prefix.empty()) return std::string(1, '\0');   // to the end of all keys
  prefix.back() = static_cast<char>(static_cast<unsigned char>(prefix.back()) + 1);
  return prefix;
}

// --- Client. ---

Client::Client(const EtcdOptions& options)
    : connections_(std::make_unique<Connections>(options, make_nodes(options))) {}

Client::~Client() = default;

Result<std::unique_ptr<Client>> Client::make(const EtcdOptions& options) noexcept {
  return guarded([&]() -> Result<std::unique_ptr<Client>> {
    try {
      return std::unique_ptr<Client>(new Client(options));
    } catch (const model::Failure& failure) {
      return std::unexpected(failure.error);
    }
  });
}

void Client::stop() noexcept {
  connections_->stop();
}

Result<Found> Client::range(const Range& range, Milliseconds within) noexcept {
  return guarded([&]() -> Result<Found> {
    etcdserverpb::RangeRequest request;
    fill(request, range);
    etcdserverpb::RangeResponse response;
    const auto call = [&](Node& node, grpc::ClientContext& context) {
      return node.kv->Range(&context, request, &response);
    };
    return when(connections_->until_answered(call, within),
                [&] { return to_found(response, response.header().revision()); });
  });
}

// What is thrown before the request is sent has no effect; an answer that cannot be taken for want of memory does not
// say whether it has.
std::expected<TxnAnswer, NotAnswered> Client::txn(const Txn& txn, Milliseconds within) noexcept {
  NotAnswered::Landed landed = NotAnswered::Landed::no;
  try {
    const etcdserverpb::TxnRequest request = to_request(txn);
    etcdserverpb::TxnResponse response;
    const auto call = [&](Node& node, grpc::ClientContext& context) {
      landed = NotAnswered::Landed::unknown;
      return node.kv->Txn(&context, request, &response);
    };
    const Connections::Answer answer = connections_->once(call, model::deadline_in(within));
    if (answer.status.ok()) return to_answer(response);
    landed = answer.sent && landed != NotAnswered::Landed::no ? landed_after(answer.status)
                                                              : NotAnswered::Landed::no;
    return std::unexpected(NotAnswered{error_of(answer.status), landed});
  } catch (const std::bad_alloc&) {
    return std::unexpected(NotAnswered{Error(ErrorCode::out_of_memory), landed});
  }
}

Result<TxnAnswer> Client::repeatable_txn(const Txn& txn, Milliseconds within) noexcept {
  return guarded([&]() -> Result<TxnAnswer> {
    const etcdserverpb::TxnRequest request = to_request(txn);
    etcdserverpb::TxnResponse response;
    const auto call = [&](Node& node, grpc::ClientContext& context) {
      return node.kv->Txn(&context, request, &response);
    };
    return when(connections_->until_answered(call, within), [&] { return to_answer(response); });
  });
}

Result<void> Client::erase(const Erase& erase, Milliseconds within) noexcept {
  return guarded([&]() -> Result<void> {
    etcdserverpb::DeleteRangeRequest request;
    request.set_key(erase.key);
    request.set_range_end(erase.end);
    etcdserverpb::DeleteRangeResponse response;
    const auto call = [&](Node& node, grpc::ClientContext& context) {
      return node.kv->DeleteRange(&context, request, &response);
    };
    return connections_->until_answered(call, within);
  });
}

std::unique_ptr<Watching> Client::watch(std::string key, std::string end, std::int64_t from_revision) {
  return std::make_unique<Watching>(*connections_, std::move(key), std::move(end), from_revision);
}

// --- Leases. ---

Result<Lease> Client::grant(Milliseconds length, Milliseconds within) noexcept {
  return guarded([&]() -> Result<Lease> {
    etcdserverpb::LeaseGrantRequest request;
    request.set_ttl(std::chrono::ceil<std::chrono::seconds>(length).count());
    etcdserverpb::LeaseGrantResponse response;
    const auto call = [&](Node& node, grpc::ClientContext& context) {
      return node.lease->LeaseGrant(&context, request, &response);
    };
    return when(connections_->until_answered(call, within), [&] { return response.id(); });
  });
}

Result<void> Client::keep_alive(Lease lease, Milliseconds within) noexcept {
  return guarded([&]() -> Result<void> {
    etcdserverpb::LeaseKeepAliveRequest request;
    request.set_id(lease);
    etcdserverpb::LeaseKeepAliveResponse response;
    const auto call = [&](Node& node, grpc::ClientContext& context) {
      const auto stream = node.lease->LeaseKeepAlive(&context);
      const bool answered = stream->Write(request) && stream->Read(&response);
      if (answered) context.TryCancel();   // one answer is all that is wanted of the stream
      const grpc::Status status = stream->Finish();
      if (answered) return grpc::Status();
      return status.ok() ? grpc::Status(grpc::StatusCode::UNAVAILABLE, "the stream ended") : status;
    };
    Result<void> kept = connections_->until_answered(call, within);
    if (!kept || response.ttl() > 0) return kept;
    return std::unexpected(Error(ErrorCode::not_leader, Error::Details{.what = "etcd: the lease has ended",
                                                                       .remedy = "take another lease"}));
  });
}

Result<void> Client::revoke(Lease lease, Milliseconds within) noexcept {
  return guarded([&]() -> Result<void> {
    etcdserverpb::LeaseRevokeRequest request;
    request.set_id(lease);
    etcdserverpb::LeaseRevokeResponse response;
    const auto call = [&](Node& node, grpc::ClientContext& context) {
      return node.lease->LeaseRevoke(&context, request, &response);
    };
    Result<void> revoked = connections_->until_answered(call, within);
    if (!revoked && revoked.error() == ErrorCode::not_leader) return {};   // it is gone already
    return revoked;
  });
}

// --- Care. ---

Result<void> Client::compact(std::int64_t revision, Milliseconds within) noexcept {
  return guarded([&]() -> Result<void> {
    etcdserverpb::CompactionRequest request;
    request.set_revision(revision);
    etcdserverpb::CompactionResponse response;
    const auto call = [&](Node& node, grpc::ClientContext& context) {
      return node.kv->Compact(&context, request, &response);
    };
    Result<void> compacted = connections_->until_answered(call, within);
    if (!compacted && compacted.error() == ErrorCode::history_pruned) return {};
    return compacted;
  });
}

Result<Status> Client::status(Milliseconds within) noexcept {
  return guarded([&]() -> Result<Status> {
    etcdserverpb::StatusResponse response;
    const Node* asked = nullptr;
    const auto call = [&](Node& node, grpc::ClientContext& context) {
      asked = &node;
      return node.maintenance->Status(&context, {}, &response);
    };
    return when(connections_->until_answered(call, within), [&] {
      const bool follows = response.leader() != 0 && response.leader() != response.header().member_id();
      if (follows) connections_->leave(*asked);
      return Status{.version = response.version(),
                    .bytes = not_negative(response.db_size()),
                    .bytes_in_use = not_negative(response.db_size_in_use()),
                    .has_leader = response.leader() != 0};
    });
  });
}

Result<Alarms> Client::alarms(Milliseconds within) noexcept {
  return guarded([&]() -> Result<Alarms> {
    etcdserverpb::AlarmResponse response;
    const auto call = [&](Node& node, grpc::ClientContext& context) {
      return node.maintenance->Alarm(&context, {}, &response);
    };
    return when(connections_->until_answered(call, within), [&] {
      Alarms alarms;
      for (const etcdserverpb::AlarmMember& each : response.alarms()) {
        alarms.no_space |= each.alarm() == etcdserverpb::NOSPACE;
        alarms.corrupt |= each.alarm() == etcdserverpb::CORRUPT;
      }
      return alarms;
    });
  });
}

}   // namespace usertags::cluster::etcd
