// EtcdNodes: an etcd of one node or more, of this test alone: on loopback, with ports that are free, and its files in a
// folder of its own. They are gone when the test is, however it ends: the kernel kills each node with the thread that
// started it.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <string>
#include <vector>

#include "cluster/etcd/client.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {

class EtcdNodes {
 public:
  struct Setup {
    std::size_t count = 1;
    std::vector<std::string> options{};   // of etcd, for each node
    bool tls = false;                     // certificates of both sides are asked for: make_certificates()
  };
  explicit EtcdNodes(const Setup& setup);
  EtcdNodes() : EtcdNodes(Setup{}) {}
  ~EtcdNodes();
  EtcdNodes(const EtcdNodes&) = delete;
  EtcdNodes& operator=(const EtcdNodes&) = delete;

  std::size_t size() const noexcept { return nodes_.size(); }
  // For a client of all nodes; of one alone.
  cluster::EtcdOptions options() const;
  cluster::EtcdOptions options_of(std::size_t node) const;
  std::string endpoint(std::size_t node) const;

  void kill(std::size_t node);    // SIGKILL; its files stay
  void stop(std::size_t node);    // SIGSTOP
  void go_on(std::size_t node);   // SIGCONT
  void start(std::size_t node);   // again, with its files; waits for nothing
  void await(
      std::size_t node);   // until it answers a linearizable read: throws where it does not, or has ended
  std::size_t leader();    // etcd's own

  // etcdctl, with the nodes' endpoints: its exit status is checked.
  void control(const std::string& arguments) const;
  std::string log(std::size_t node) const;

 private:
  struct Process {
    int client_port = 0;
    int peer_port = 0;
    pid_t pid = -1;
  };
  std::vector<std::string> arguments(std::size_t node) const;
  void end(std::size_t node);

  Setup setup_;
  TempDir folder_;
  std::vector<Process> nodes_;
};

}   // namespace usertags::test
