#include "store/watch/metrics_text.hpp"

#include <cstddef>
#include <cstdint>
#include <limits>
#include <string_view>

#include <usertags/version.hpp>

#include "store/watch/metric_families.hpp"

namespace usertags::store {
namespace {

std::string label(std::string_view name, std::string_view value) {
  return std::string(name).append("=\"").append(value).append("\"");
}

// Calls function(enumerator, name) for those that have a name: they are numbered from 0, without a gap.
template <class Enumeration, class Function>
void for_each_named(Function&& function) {
  constexpr std::uint8_t kNone = std::numeric_limits<std::uint8_t>::max();
  const std::string_view unknown = to_string(static_cast<Enumeration>(kNone));
  for (std::uint8_t number = 0; number < kNone; ++number) {
    const auto enumerator = static_cast<Enumeration>(number);
    const std::string_view name = to_string(enumerator);
    if (name == unknown) return;
    function(enumerator, name);
  }
}

// From a microsecond to 17 seconds, each four times the one before. A bound is the longest time below a power of two
// of nanoseconds, at which a bucket ends.
void add_latency(MetricFamilies& families, std::string_view name, std::string_view help,
                 const LatencyHistogram& histogram) {
  const LatencyHistogram::Distribution reading = histogram.read();
  families.family(name, "histogram", help);
  for (int bits = 10; bits <= 34; bits += 2) {
    families.sample("_bucket", label("le", in_seconds((std::uint64_t{1} << bits) - 1)),
                    std::to_string(reading.below(bits)));
  }
  families.sample("_bucket", label("le", "+Inf"), std::to_string(reading.count));
  families.sample("_count", "", std::to_string(reading.count));
  families.sample("_sum", "", in_seconds(reading.total));
}

void add_sizes(MetricFamilies& families, std::string_view name, std::string_view help,
               const SizeHistogram& histogram) {
  families.family(name, "histogram", help);
  const std::uint64_t total = histogram.total();
  std::uint64_t sum = 0;
  for (std::size_t bucket = 0; bucket < SizeHistogram::kBuckets; ++bucket) {
    const bool is_last = bucket + 1 == SizeHistogram::kBuckets;
    sum += histogram.count(bucket);
    families.sample("_bucket",
                    label("le", is_last ? "+Inf" : std::to_string(std::size_t{1} << bucket) + ".0"),
                    std::to_string(sum));
  }
  families.sample("_count", "", std::to_string(sum));
  families.sample("_sum", "", std::to_string(total));
}

void add_data(MetricFamilies& families, const Stats& stats) {
  families.gauge("revision", "The newest visible change.", stats.revision);
  families.gauge("users", "Users.", stats.users);
  families.gauge("tags", "Tags of all users together.", stats.tags);
  families.gauge("tag_keys", "Different keys.", stats.tag_keys);
  families.gauge("tag_values", "Different pairs of key and value.", stats.tag_values);
  families.gauge("tokens", "Idempotency tokens that are kept.", stats.tokens);

  families.family("memory_bytes", "gauge", "Memory of the data.");
  families.sample("", label("part", "records"), std::to_string(stats.record_bytes));
  families.sample("", label("part", "directory"), std::to_string(stats.directory_bytes));
  families.sample("", label("part", "tag_index"), std::to_string(stats.tag_index_bytes));
  families.sample("", label("part", "tokens"), std::to_string(stats.token_bytes));
}

void add_file(MetricFamilies& families, const Stats& stats) {
  families.gauge("database_bytes", "Size of the database file.", stats.database_bytes);
  families.gauge("wal_bytes", "Size of the WAL.", stats.wal_bytes);
  families.gauge("wal_pinned", "1: a reader kept the last checkpoint from recycling the WAL.",
                 stats.wal_pinned ? 1 : 0);
  families.gauge("log_floor", "The oldest change that is kept.", stats.log_floor);
  families.gauge("folded_revision", "Every change up to it is in the user table.", stats.folded_revision);
  families.gauge("backlog_users", "Users with patches that are not folded yet.", stats.backlog_users);
  families.gauge("failed", "1: the store has stopped, and writes answer store_failed.", stats.failed ? 1 : 0);
}

void add_writes(MetricFamilies& families, const Metrics& metrics, const QueueFigures& queue) {
  families.family("answered_writes", "counter", "Writes that succeeded, by what they did.");
  families.sample("_total", label("outcome", "changed"), std::to_string(metrics.changed));
  families.sample("_total", label("outcome", "unchanged"), std::to_string(metrics.unchanged));
  families.sample("_total", label("outcome", "replayed"), std::to_string(metrics.replayed));

  families.family("refused_writes", "counter", "Writes that were answered with an error, by its code.");
  for_each_named<ErrorCode>([&](ErrorCode code, std::string_view name) {
    const std::uint64_t given_up = code == ErrorCode::timeout ? queue.given_up : 0;
    families.sample("_total", label("code", name), std::to_string(metrics.refused.of(code) + given_up));
  });
  families.family("violations", "counter", "Violations of refused batches, by reason.");
  for_each_named<Violation::Reason>([&](Violation::Reason reason, std::string_view name) {
    families.sample("_total", label("reason", name), std::to_string(metrics.violations.of(reason)));
  });
  families.gauge("waiting_writes", "Writes that wait for a group, or are in one.", queue.waiting);
}

void add_submissions(MetricFamilies& families, const SubmissionFigures& submissions) {
  families.counter("submitted_writes", "Writes that were submitted without waiting.", submissions.submitted);
  families.gauge("unanswered_submitted_writes", "Submitted writes whose callbacks were not called yet.",
                 submissions.writes);
  families.gauge("unanswered_submitted_bytes", "Memory that these take.", submissions.bytes);
}

void add_work(MetricFamilies& families, const Stats& stats, const Metrics& metrics) {
  add_sizes(families, "group_writes", "Writes of each group that was judged and committed together.",
            metrics.group_writes);
  families.counter("changes", "Changes that were committed.", stats.changes);
  families.counter("folded_users", "Users whose rows were brought up to date.", stats.folded_users);
  add_latency(families, "commit_seconds", "Commits of groups: writing and syncing.", metrics.commit);
  add_latency(families, "sync_seconds", "Single syncs, of WAL and database.", metrics.sync);
  add_latency(families, "fold_seconds", "Folding within commits.", metrics.fold);
  add_latency(families, "publish_seconds", "From the end of a commit to its visibility.", metrics.publish);
  add_latency(families, "checkpoint_seconds", "Checkpoints.", metrics.checkpoint);
}

}   // namespace

std::string metrics_text(const Stats& stats, const Metrics& metrics, const QueueFigures& queue,
                         const SubmissionFigures& submissions) {
  MetricFamilies families;
  families.family("build", "info", "The library.");
  families.sample("_info", label("version", version()), "1");
  add_data(families, stats);
  add_file(families, stats);
  add_writes(families, metrics, queue);
  add_submissions(families, submissions);
  add_work(families, stats, metrics);
  return std::move(families).text() + "# EOF\n";
}

}   // namespace usertags::store
