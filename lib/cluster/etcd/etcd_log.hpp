// The log of one shard, kept by etcd. What is said of Log holds; here stands how etcd is asked for it.
//
// Reading and trimming go by etcd's plain ranges, not by transactions, which etcd refuses when its quota is reached:
// so followers go on then, and what makes room again does, too. What is read by several ranges is of one revision.
#pragma once

#include <memory>
#include <string>

#include "cluster/etcd/client.hpp"
#include "cluster/log.hpp"

namespace usertags::cluster::etcd {

// `prefix` is /usertags/CLUSTER/INCARNATION/SHARD/. Log::stop() stops the client. Throws std::bad_alloc.
std::unique_ptr<Log> make_log(std::shared_ptr<Client> client, std::string prefix);

}   // namespace usertags::cluster::etcd
