// BareTxn: what etcd alone takes for the transaction of an append: compares of head and entry, and a put of each, of as
// many bytes. No judgement, no file, nobody who follows. What a cluster takes beyond that is its own.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

#include "cluster/etcd/client.hpp"

namespace usertags::bench {

class BareTxn {
 public:
  explicit BareTxn(const std::string& name);

  void append(std::size_t bytes);

 private:
  const std::string prefix_;
  std::unique_ptr<cluster::etcd::Client> client_;
  std::string head_;
  std::int64_t version_ = 0;
  std::uint64_t number_ = 0;
};

}   // namespace usertags::bench
