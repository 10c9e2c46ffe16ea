// A redis-server of its own: on loopback, on a free port, with its files in one folder, ended by its process
// id.
#pragma once

#include <sys/types.h>

#include <filesystem>

namespace usertags::bench {

class RedisServer {
 public:
  // Throws Skipped where it cannot be started.
  explicit RedisServer(const std::filesystem::path& folder);
  RedisServer(const RedisServer&) = delete;
  RedisServer& operator=(const RedisServer&) = delete;
  ~RedisServer();

  int port() const { return port_; }
  bool is_running() const;

 private:
  int port_;
  pid_t process_;
};

}   // namespace usertags::bench
