#include "cluster/etcd/etcd_nodes.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>
#include <csignal>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <iterator>
#include <memory>
#include <stdexcept>
#include <string_view>

namespace usertags::test {
namespace {

using cluster::EtcdOptions;
using cluster::etcd::Client;

constexpr std::chrono::milliseconds kPatience{60'000};

void run(const std::string& command) {
  if (std::system(command.c_str()) != 0) throw std::runtime_error("failed: " + command);
}

// Sockets that hold ports until all of them are chosen, so that they differ.
class FreePorts {
 public:
  FreePorts() = default;
  FreePorts(const FreePorts&) = delete;
  FreePorts& operator=(const FreePorts&) = delete;
  ~FreePorts() {
    for (const int socket : sockets_) close(socket);
  }
  int next() {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockets_.push_back(socket);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    socklen_t size = sizeof address;
    if (bind(socket, reinterpret_cast<sockaddr*>(&address), size) != 0 ||
        getsockname(socket, reinterpret_cast<sockaddr*>(&address), &size) != 0)
      throw std::runtime_error("no free port");
    return ntohs(address.sin_port);
  }

 private:
  std::vector<int> sockets_;
};

// An authority, and one certificate of it for nodes and clients.
void make_certificates(const std::filesystem::path& folder) {
  const std::string to = folder.string() + "/";
  const std::string quiet = " >/dev/null 2>&1";
  run("openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 -subj /CN=authority -keyout " +
      to + "authority.key -out " + to + "authority.pem" + quiet);
  std::ofstream(folder / "extensions")
      << "subjectAltName=IP:127.0.0.1\nextendedKeyUsage=serverAuth,clientAuth\n";
  run("openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=node -keyout " + to +
      "node.key -out " + to + "node.csr" + quiet);
  run("openssl x509 -req -days 2 -in " + to + "node.csr -CA " + to + "authority.pem -CAkey " + to +
      "authority.key -CAcreateserial -extfile " + to + "extensions -out " + to + "node.pem" + quiet);
}

[[noreturn]] void become(const std::vector<std::string>& arguments, const std::filesystem::path& log,
                         pid_t parent) {
  prctl(PR_SET_PDEATHSIG, SIGKILL);
  if (getppid() != parent) _exit(1);   // it has ended meanwhile
  const int file = open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
  dup2(file, STDOUT_FILENO);
  dup2(file, STDERR_FILENO);
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  execvp(pointers.front(), pointers.data());
  _exit(127);
}

}   // namespace

EtcdNodes::EtcdNodes(const Setup& setup) : setup_(setup), nodes_(setup.count) {
  if (setup_.tls) make_certificates(folder_.path());
  {
    FreePorts ports;
    for (Process& node : nodes_) {
      node.client_port = ports.next();
      node.peer_port = ports.next();
    }
  }
  try {
    for (std::size_t node = 0; node < nodes_.size(); ++node) start(node);
    for (std::size_t node = 0; node < nodes_.size(); ++node) await(node);
  } catch (...) {
    for (std::size_t node = 0; node < nodes_.size(); ++node) end(node);
    throw;
  }
}

EtcdNodes::~EtcdNodes() {
  for (std::size_t node = 0; node < nodes_.size(); ++node) end(node);
}

std::vector<std::string> EtcdNodes::arguments(std::size_t node) const {
  const std::string scheme = setup_.tls ? "https://" : "http://";
  const auto name = [](std::size_t each) { return "node" + std::to_string(each); };
  const auto peer = [&](std::size_t each) {
    return "http://127.0.0.1:" + std::to_string(nodes_[each].peer_port);
  };
  std::string all;
  for (std::size_t each = 0; each < nodes_.size(); ++each)
    all += (each ? "," : "") + name(each) + "=" + peer(each);
  std::vector<std::string> arguments{"etcd",
                                     "--name",
                                     name(node),
                                     "--data-dir",
                                     folder_ / name(node),
                                     "--listen-client-urls",
                                     scheme + endpoint(node),
                                     "--advertise-client-urls",
                                     scheme + endpoint(node),
                                     "--listen-peer-urls",
                                     peer(node),
                                     "--initial-advertise-peer-urls",
                                     peer(node),
                                     "--initial-cluster",
                                     all,
                                     "--initial-cluster-state",
                                     "new",
                                     "--log-level",
                                     "warn"};
  if (setup_.tls)
    for (const char* option :
         {"--cert-file", "node.pem", "--key-file", "node.key", "--trusted-ca-file", "authority.pem"})
      arguments.push_back(std::string_view(option).starts_with("--") ? option : (folder_ / option).string());
  if (setup_.tls) arguments.emplace_back("--client-cert-auth");
  arguments.insert(arguments.end(), setup_.options.begin(), setup_.options.end());
  return arguments;
}

std::string EtcdNodes::endpoint(std::size_t node) const {
  return "127.0.0.1:" + std::to_string(nodes_[node].client_port);
}

EtcdOptions EtcdNodes::options_of(std::size_t node) const {
  EtcdOptions options{.endpoints = {endpoint(node)}};
  if (setup_.tls)
    options.tls = {.authorities = folder_ / "authority.pem",
                   .certificate = folder_ / "node.pem",
                   .key = folder_ / "node.key"};
  return options;
}

EtcdOptions EtcdNodes::options() const {
  EtcdOptions options = options_of(0);
  for (std::size_t node = 1; node < nodes_.size(); ++node) options.endpoints.push_back(endpoint(node));
  return options;
}

void EtcdNodes::start(std::size_t node) {
  const std::vector<std::string> its = arguments(node);
  const pid_t parent = getpid();
  const pid_t pid = fork();
  if (pid < 0) throw std::runtime_error("fork failed");
  if (pid == 0) become(its, folder_ / ("log" + std::to_string(node)), parent);
  nodes_[node].pid = pid;
}

void EtcdNodes::await(std::size_t node) {
  const auto client = Client::make(options_of(node)).value();
  const auto until = std::chrono::steady_clock::now() + kPatience;
  while (std::chrono::steady_clock::now() < until) {
    const auto found = client->range({.key = "health"}, std::chrono::milliseconds(500));
    // With auth, that the user is missing is an answer, too.
    if (found || found.error() == ErrorCode::permission_denied ||
        found.error() == ErrorCode::invalid_argument)
      return;
    if (waitpid(nodes_[node].pid, nullptr, WNOHANG) != 0) break;
  }
  throw std::runtime_error("etcd does not answer: " + log(node));
}

std::size_t EtcdNodes::leader() {
  // Only the leader's own status names itself: asked for by etcdctl, which tells of all.
  for (std::size_t node = 0; node < nodes_.size(); ++node) {
    if (std::system(
            ("ETCDCTL_API=3 etcdctl --endpoints=" + endpoint(node) +
             " endpoint status -w fields 2>/dev/null | awk -F' : ' '/\"MemberID\"/{m=$2} /\"Leader\"/{l=$2} "
             "END{exit !(m != \"\" && m == l)}'")
                .c_str()) == 0)
      return node;
  }
  throw std::runtime_error("etcd has no leader");
}

void EtcdNodes::kill(std::size_t node) {
  end(node);
}

void EtcdNodes::end(std::size_t node) {
  pid_t& pid = nodes_[node].pid;
  if (pid <= 0) return;
  ::kill(pid, SIGKILL);
  waitpid(pid, nullptr, 0);
  pid = -1;
}

void EtcdNodes::stop(std::size_t node) {
  ::kill(nodes_[node].pid, SIGSTOP);
  waitpid(nodes_[node].pid, nullptr, WUNTRACED);
}

void EtcdNodes::go_on(std::size_t node) {
  ::kill(nodes_[node].pid, SIGCONT);
}

void EtcdNodes::control(const std::string& its_arguments) const {
  std::string endpoints;
  for (std::size_t node = 0; node < nodes_.size(); ++node) endpoints += (node ? "," : "") + endpoint(node);
  run("ETCDCTL_API=3 etcdctl --endpoints=" + endpoints + " " + its_arguments + " >/dev/null 2>&1");
}

std::string EtcdNodes::log(std::size_t node) const {
  std::ifstream file(folder_ / ("log" + std::to_string(node)));
  return {std::istreambuf_iterator<char>(file), {}};
}

}   // namespace usertags::test
