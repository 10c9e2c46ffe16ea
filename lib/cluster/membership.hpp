// How a file comes to belong to a cluster, and to which place in it.
//
//   a store's file ── found() ──▶ the first member's        the shard's head is made of it
//   a member's file ── copy, as_new_node() ──▶ another's     two files are never one node
//
// The file bears its binding in the commit record (sqlite/state.hpp).
#pragma once

#include <chrono>
#include <filesystem>

#include <usertags/options.hpp>

#include "cluster/log.hpp"
#include "sqlite/state.hpp"
#include "store/memory/shard.hpp"

namespace usertags::cluster {

struct Binding {
  Id cluster{};
  Id incarnation{};   // of the cluster: another one after its log was lost
  Id node{};          // the file's place; all zero in none
  bool operator==(const Binding&) const = default;
};

// Whether both are of one founding of one cluster.
inline bool is_of(const Binding& bound, const Binding& founding) noexcept {
  return bound.cluster == founding.cluster && bound.incarnation == founding.incarnation;
}

sqlite::Binding to_stored(const Binding& binding) noexcept;
Binding binding_of(const sqlite::State& state) noexcept;

// The commit record of a closed store, or of one that is open. Loads nothing. Throws Failure.
sqlite::State read_state(const std::filesystem::path& file, std::chrono::milliseconds busy_timeout);

// The head that a log begins with, behind a file.
Head first_head(const sqlite::State& state) noexcept;

// Makes the file the first of a shard, and the shard's head of what it holds; in an epoch of its own. A file that is of
// another cluster, or another incarnation, is taken from there: by an operator's word, who knows that it is the most
// advanced one. Repeating it goes on where it was interrupted. Errors: wrong_shard where there are users of another
// one; cluster_member where the shard was founded from another state; timeout where the log does not answer: repeat
// it; and those of opening for writing.
Result<void> found(const std::filesystem::path& file, const Options& options, const Binding& binding,
                   Log& log, Milliseconds within, const store::Shard& shard = {}) noexcept;

// The file, a copy of a member's that nobody has open, becomes that of another node. Throws Failure.
void as_new_node(const std::filesystem::path& file, const Id& node, std::chrono::milliseconds busy_timeout);

}   // namespace usertags::cluster
