#include "bare_txn.hpp"

#include <chrono>
#include <stdexcept>

#include "cluster/log.hpp"
#include "shard.hpp"

namespace usertags::bench {

using namespace std::chrono_literals;

BareTxn::BareTxn(const std::string& name)
    : prefix_("/bare/" + name + '/'), client_(must(cluster::etcd::Client::make(etcd_options()))) {}

void BareTxn::append(std::size_t bytes) {
  cluster::etcd::Txn txn;
  const std::string head = prefix_ + "head";
  const std::string entry = prefix_ + "log/" + std::to_string(++number_);
  txn.when = {{head, version_}, {entry, std::int64_t{0}}};
  if (version_ != 0) txn.when.push_back({head, head_});
  head_ = encode(cluster::Head{.entry = number_});
  txn.then = {cluster::etcd::Put{head, head_}, cluster::etcd::Put{entry, std::string(bytes, 'x')}};
  const auto answer = client_->txn(txn, 5s);
  if (!answer || !answer->succeeded) throw std::runtime_error("etcd: a bare transaction failed");
  version_ = answer->revision;
}

}   // namespace usertags::bench
