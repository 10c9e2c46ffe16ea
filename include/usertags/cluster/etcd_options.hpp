// EtcdOptions: which etcd keeps the log of a cluster, and how it is reached.
//
// A plain value; whoever takes it copies it.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace usertags::cluster {

// Files in PEM.
struct EtcdTls {
  std::filesystem::path authorities{};   // who may have signed a node's certificate; empty: the system's
  std::filesystem::path certificate{};   // ours, where etcd asks for one (--client-cert-auth) …
  std::filesystem::path key{};           // … with its key
};

// etcd 3.4 or later. The cluster's keys stand under /usertags/: whoever else writes there breaks it.
struct EtcdOptions {
  std::vector<std::string> endpoints{};   // HOST:PORT of each node; one that answers is enough
  std::optional<EtcdTls> tls{};           // none: in the clear
  std::string user{};                     // empty: etcd's auth is off, or the certificate says who it is
  std::string password{};
};

}   // namespace usertags::cluster
