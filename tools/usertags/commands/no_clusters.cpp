// In place of cluster/, in a command that is built without clusters.
#include "commands/commands.hpp"

namespace usertags::command {

std::span<MakeCommand* const> cluster_commands() {
  return {};
}

}   // namespace usertags::command
