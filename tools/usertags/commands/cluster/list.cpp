#include "commands/commands.hpp"

namespace usertags::command {

std::span<MakeCommand* const> cluster_commands() {
  static constexpr MakeCommand* kCommandsOfClusters[] = {
      make_cluster_init,   make_cluster_run,      make_cluster_status,  make_cluster_locate,
      make_cluster_resign, make_cluster_snapshot, make_cluster_restore, make_cluster_split,
  };
  return kCommandsOfClusters;
}

}   // namespace usertags::command
