// R16: clusters, simulated (cluster_world.hpp).
#include <string>

#include "torture/cluster_world.hpp"
#include "torture/rows.hpp"

namespace usertags::torture {
namespace {

void run_cluster(const Run& run, Tally& tally) {
  for (std::uint64_t round = 0; round < run.rounds; ++round) {
    const std::uint64_t seed = run.seed + round;
    try {
      ClusterWorld(seed, tally).run();
    } catch (const Finding& finding) {
      throw Finding("simulation " + std::to_string(seed) + ": " + finding.what());
    }
    tally.add("simulations");
  }
}

}   // namespace

const Row cluster_simulation{
    .number = "R16",
    .name = "cluster",
    .unit = "simulations",
    .what =
        "three machines over a log that is kept elsewhere, by seed: nothing acknowledged is lost or doubled",
    .in_ci = 200,
    .in_tests = 1,
    .run = run_cluster,
};

}   // namespace usertags::torture
