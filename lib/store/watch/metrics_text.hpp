// metrics_text: a store's figures in the text format of OpenMetrics 1.0, which Prometheus and its like read.
#pragma once

#include <string>

#include <usertags/stats.hpp>

#include "store/watch/telemetry.hpp"

namespace usertags::store {

// Each histogram is read once: its buckets are cumulative, and the last one is its count. Throws std::bad_alloc.
std::string metrics_text(const Stats& stats, const Metrics& metrics, const QueueFigures& queue,
                         const SubmissionFigures& submissions);

}   // namespace usertags::store
