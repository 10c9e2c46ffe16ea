#include "redis_server.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <string>

#include "contender.hpp"

namespace usertags::bench {
namespace {

// One that nobody listens on now.
int free_port() {
  const int socket = ::socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* const any = reinterpret_cast<sockaddr*>(&address);
  const bool bound = ::bind(socket, any, size) == 0 && ::getsockname(socket, any, &size) == 0;
  ::close(socket);
  if (!bound) throw Skipped("no free port on loopback");
  return ntohs(address.sin_port);
}

// In the child: becomes the server, and ends with the parent.
[[noreturn]] void become_server(const std::string& port, const std::string& folder) {
  prctl(PR_SET_PDEATHSIG, SIGTERM);
  const int silence = open("/dev/null", O_WRONLY);
  dup2(silence, STDOUT_FILENO);
  dup2(silence, STDERR_FILENO);
  execlp("redis-server", "redis-server", "--bind", "127.0.0.1", "--port", port.c_str(), "--dir",
         folder.c_str(), "--save", "", "--appendonly", "yes", "--appendfsync", "always", nullptr);
  _exit(127);
}

}   // namespace

RedisServer::RedisServer(const std::filesystem::path& folder) : port_(free_port()), process_(fork()) {
  if (process_ == 0) become_server(std::to_string(port_), folder);
  if (process_ < 0) throw Skipped("redis-server: no process can be made");
}

RedisServer::~RedisServer() {
  kill(process_, SIGTERM);
  waitpid(process_, nullptr, 0);
}

bool RedisServer::is_running() const {
  siginfo_t ended{};
  return waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOHANG | WNOWAIT) == 0 &&
         ended.si_pid == 0;
}

}   // namespace usertags::bench
