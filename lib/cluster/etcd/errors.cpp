#include "cluster/etcd/errors.hpp"

namespace usertags::cluster::etcd {
namespace {

constexpr std::string_view kNoSpace = "database space exceeded";
constexpr std::string_view kTooManyRequests = "too many requests";
constexpr std::string_view kLargerThanMax =
    "larger than max";   // gRPC's, of a node that takes no message so large

bool says(const grpc::Status& status, std::string_view words) {
  return std::string_view(status.error_message()).find(words) != std::string_view::npos;
}

Error make(ErrorCode code, const grpc::Status& status, std::string remedy = {}) {
  return Error(code, Error::Details{.what = "etcd: " + status.error_message(), .remedy = std::move(remedy)});
}

Error of_exhausted(const grpc::Status& status) {
  if (says(status, kNoSpace))
    return make(
        ErrorCode::disk_full, status,
        "compact it, defragment each node (etcdctl defrag), then etcdctl alarm disarm; or give it a larger "
        "--quota-backend-bytes");
  if (says(status, kTooManyRequests)) return make(ErrorCode::busy, status);
  if (says(status, kLargerThanMax)) return make(ErrorCode::transaction_too_large, status);
  return make(ErrorCode::busy, status);
}

Error of_argument(const grpc::Status& status) {
  if (says(status, "too large") || says(status, "too many operations"))
    return make(ErrorCode::transaction_too_large, status, "give the node a larger --max-request-bytes");
  if (says(status, "authentication failed") || says(status, "user name is empty"))
    return make(ErrorCode::permission_denied, status, "see to the user and the password of etcd");
  return make(ErrorCode::invalid_argument, status);
}

Error of_precondition(const grpc::Status& status) {
  if (says(status, "authentication is not enabled"))
    return make(ErrorCode::permission_denied, status,
                "etcd asks nobody for a password: enable it (etcdctl auth enable), or name no user");
  return make(ErrorCode::io_error, status);
}

}   // namespace

Error error_of(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::CANCELLED: return Error(ErrorCode::cancelled);
    case grpc::StatusCode::RESOURCE_EXHAUSTED: return of_exhausted(status);
    case grpc::StatusCode::INVALID_ARGUMENT: return of_argument(status);
    case grpc::StatusCode::FAILED_PRECONDITION: return of_precondition(status);
    case grpc::StatusCode::OUT_OF_RANGE:
      return make(says(status, "compacted") ? ErrorCode::history_pruned : ErrorCode::invalid_argument,
                  status);
    case grpc::StatusCode::NOT_FOUND: return make(ErrorCode::not_leader, status, "take another lease");
    case grpc::StatusCode::PERMISSION_DENIED:
      return make(
          ErrorCode::permission_denied, status,
          "grant etcd's user a role that reads and writes these keys (etcdctl role grant-permission)");
    case grpc::StatusCode::UNAUTHENTICATED:
      return make(ErrorCode::permission_denied, status, "name a user of etcd, and the password");
    case grpc::StatusCode::DATA_LOSS:
      return make(ErrorCode::corrupt_store, status, "its nodes differ: see etcd's guide to recovery");
    case grpc::StatusCode::DEADLINE_EXCEEDED:
      return Error(ErrorCode::timeout, Error::Details{.what = "etcd did not answer in time",
                                                      .remedy = "see whether a majority of its nodes is up"});
    case grpc::StatusCode::UNAVAILABLE:
      if (says(status, "etcdserver:"))
        return make(ErrorCode::timeout, status, "see whether a majority of its nodes is up");
      return make(ErrorCode::io_error, status,
                  "see whether etcd runs at its endpoints, and talks TLS as we do");
    default: return make(ErrorCode::io_error, status);
  }
}

// Codes that a node gives before it proposes a request to the others, or where it refused to apply it. All others,
// such as "no leader", may come of one that was proposed. One speaks of two things: the quota is looked at before the
// proposal, and again when the request is applied, where it is applied all the same and the answer is this error.
NotAnswered::Landed landed_after(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::RESOURCE_EXHAUSTED:
      if (says(status, kNoSpace)) return NotAnswered::Landed::reading_tells;
      return says(status, kTooManyRequests) || says(status, kLargerThanMax) ? NotAnswered::Landed::no
                                                                            : NotAnswered::Landed::unknown;
    case grpc::StatusCode::INVALID_ARGUMENT:
    case grpc::StatusCode::FAILED_PRECONDITION:
    case grpc::StatusCode::OUT_OF_RANGE:
    case grpc::StatusCode::NOT_FOUND:
    case grpc::StatusCode::PERMISSION_DENIED:
    case grpc::StatusCode::UNAUTHENTICATED:
    case grpc::StatusCode::UNIMPLEMENTED: return NotAnswered::Landed::no;
    default: return NotAnswered::Landed::unknown;
  }
}

bool is_worth_repeating(const grpc::Status& status) {
  switch (status.error_code()) {
    case grpc::StatusCode::UNAVAILABLE:
    case grpc::StatusCode::DEADLINE_EXCEEDED:
    case grpc::StatusCode::UNKNOWN:
    case grpc::StatusCode::INTERNAL:
    case grpc::StatusCode::ABORTED:
    case grpc::StatusCode::CANCELLED: return true;   // by the node's side; stop() is asked first
    default: return false;
  }
}

bool is_token_refused(const grpc::Status& status) {
  return status.error_code() == grpc::StatusCode::UNAUTHENTICATED;
}

}   // namespace usertags::cluster::etcd
