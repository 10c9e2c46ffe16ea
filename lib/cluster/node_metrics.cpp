#include "cluster/node_metrics.hpp"

#include <chrono>
#include <cstdint>

#include "store/watch/metric_families.hpp"

namespace usertags::cluster {

std::string metrics_text(const NodeStatus& status) {
  store::MetricFamilies families;
  families.gauge("cluster_leading", "1: this node leads, and writes.", status.role == Role::leading ? 1 : 0);
  families.gauge("cluster_stopped", "1: this node takes no part any more; its status says why.",
                 status.role == Role::stopped ? 1 : 0);
  families.gauge("cluster_term", "The newest term that was seen.", status.term);
  families.gauge("cluster_entry", "Entry of the log that memory shows.", status.entry);
  families.gauge("cluster_synced_entry", "Entry of the log that the file has on its disk.",
                 status.synced_entry);
  families.gauge("cluster_etcd_bytes", "What etcd's quota is held against, as last seen when this node led.",
                 status.etcd_bytes);
  if (status.freshness.as_of) {
    const auto age = std::chrono::steady_clock::now() - *status.freshness.as_of;
    families.family("cluster_age_seconds", "gauge", "How old what this node shows may be.");
    families.sample("", "",
                    store::in_seconds(static_cast<std::uint64_t>(std::chrono::nanoseconds(age).count())));
  }
  return std::move(families).text();
}

}   // namespace usertags::cluster
