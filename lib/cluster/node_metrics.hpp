// What a node knows of itself in the text format of OpenMetrics.
#pragma once

#include <string>

#include <usertags/cluster/node.hpp>

namespace usertags::cluster {

// Without an end: a store's follows (store/watch/metrics_text.hpp). Throws std::bad_alloc.
std::string metrics_text(const NodeStatus& status);

}   // namespace usertags::cluster
