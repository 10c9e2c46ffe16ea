// What gRPC and etcd say, as errors of usertags; and what they leave open.
#pragma once

#include <new>
#include <string>
#include <string_view>
#include <utility>

#include <grpcpp/support/status.h>

#include <usertags/error.hpp>

#include "cluster/etcd/client.hpp"

namespace usertags::cluster::etcd {

Error error_of(const grpc::Status& status);

// Whether a transaction that was sent, and got this answer, may be applied nevertheless.
NotAnswered::Landed landed_after(const grpc::Status& status);

// Another node may answer, or this one later.
bool is_worth_repeating(const grpc::Status& status);

bool is_token_refused(const grpc::Status& status);

// The boundary: nothing below throws but for want of memory.
template <class Function>
auto guarded(Function&& function) noexcept -> decltype(function()) {
  try {
    return std::forward<Function>(function)();
  } catch (const std::bad_alloc&) {
    return std::unexpected(Error(ErrorCode::out_of_memory));
  }
}

}   // namespace usertags::cluster::etcd
