#include "output/distribution.hpp"

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <bit>
#include <vector>

#include "output/json_out.hpp"
#include "output/table.hpp"
#include "output/text.hpp"

namespace usertags::command {

namespace {

using Counts = std::map<std::uint64_t, std::uint64_t>;

constexpr std::size_t kMostBars = 24;
constexpr std::size_t kShortestBar = 4;   // that the longest may be, however narrow the terminal

// Bounds that divide each power of two in `parts`.
std::uint64_t bound_above(std::uint64_t amount, std::uint64_t parts) {
  if (amount > std::uint64_t{1} << 63) return Distribution::kUnbounded;
  if (amount == 0) return 0;
  const std::uint64_t step = std::max<std::uint64_t>(1, std::bit_ceil(amount) / 2 / parts);
  return (amount + step - 1) / step * step;
}

Counts by_bounds(const Counts& amounts, std::uint64_t parts) {
  Counts counts;
  for (const auto& [amount, count] : amounts) counts[bound_above(amount, parts)] += count;
  for (std::uint64_t bound = counts.begin()->first; bound < counts.rbegin()->first;) {
    bound = bound_above(bound + 1, parts);
    counts.try_emplace(bound, 0);
  }
  return counts;
}

// As fine as can be looked at.
Counts by_bounds(const Counts& amounts) {
  for (const std::uint64_t parts : {8U, 4U, 2U}) {
    Counts counts = by_bounds(amounts, parts);
    if (counts.size() <= kMostBars) return counts;
  }
  return by_bounds(amounts, 1);
}

void drop_empty_ends(Counts& counts) {
  while (!counts.empty() && counts.begin()->second == 0) counts.erase(counts.begin());
  while (!counts.empty() && counts.rbegin()->second == 0) counts.erase(std::prev(counts.end()));
}

}   // namespace

void Distribution::add_bucket(std::uint64_t bound, std::uint64_t count) {
  is_bucketed_ = true;
  counts_[bound] += count;
  count_ += count;
}

std::uint64_t Distribution::percentile(std::uint64_t percent) const {
  const std::uint64_t above =
      static_cast<std::uint64_t>(static_cast<double>(count_) * static_cast<double>(100 - percent) / 100);
  std::uint64_t left = count_ - above;
  for (const auto& [amount, count] : counts_) {
    if (count >= left) return amount;
    left -= count;
  }
  return 0;
}

Distribution::Bars Distribution::bars() const {
  const bool are_few = unit_ == Unit::plain && counts_.size() <= kMostBars;
  if (is_bucketed_ || are_few || counts_.empty()) {
    Bars bars{is_bucketed_, counts_};
    drop_empty_ends(bars.counts);
    return bars;
  }
  return {true, by_bounds(counts_)};
}

std::uint64_t Distribution::Bars::bar_of(std::uint64_t amount) const {
  const auto bar = counts.lower_bound(amount);
  return bar == counts.end() ? 0 : bar->first;
}

namespace {

std::string amount_text(Distribution::Unit unit, std::uint64_t amount) {
  switch (unit) {
    case Distribution::Unit::bytes: return byte_size(amount);
    case Distribution::Unit::nanoseconds: return time_span(amount);
    case Distribution::Unit::plain: break;
  }
  return grouped(amount);
}

std::string title_line(std::string_view title, const Distribution& distribution) {
  if (distribution.count() == 0) return fmt::format("{}  none", title);
  const auto average = static_cast<double>(distribution.total()) / static_cast<double>(distribution.count());
  const std::string amount = distribution.unit() == Distribution::Unit::nanoseconds
                                 ? time_span(static_cast<std::uint64_t>(average))
                                 : fmt::format("{:.1f}", average);
  return fmt::format("{}  {}, {}{} on average", title, grouped(distribution.count()), amount,
                     distribution.unit() == Distribution::Unit::bytes ? " B" : "");
}

struct Row {
  std::string label;
  std::string count;
  std::string since;
  std::string marks;
  std::uint64_t length;
};

class Rows {
 public:
  Rows(const Distribution& distribution, const Distribution* before)
      : distribution_(distribution), bars_(distribution.bars()), has_before_(before != nullptr) {
    if (before == nullptr) return;
    for (const auto& [amount, count] : before->counts()) before_[bars_.bar_of(amount)] += count;
  }

  std::vector<Row> make() const {
    std::vector<Row> rows;
    std::uint64_t below = 0;
    for (const auto& [amount, count] : bars_.counts) {
      rows.push_back({label(amount, below), grouped(count), since(amount, count), marks(amount), count});
      below = amount;
    }
    return rows;
  }

 private:
  std::string label(std::uint64_t amount, std::uint64_t below) const {
    if (amount == Distribution::kUnbounded) return "> " + amount_text(distribution_.unit(), below);
    const std::string text = amount_text(distribution_.unit(), amount);
    return bars_.are_bounds && amount > 0 ? "≤ " + text : text;
  }

  std::string since(std::uint64_t amount, std::uint64_t count) const {
    if (!has_before_) return {};
    const auto found = before_.find(amount);
    return signed_difference(count, found == before_.end() ? 0 : found->second);
  }

  std::string marks(std::uint64_t amount) const {
    static constexpr std::array<std::pair<std::string_view, std::uint64_t>, 3> kMarks = {
        {{"p50", 50}, {"p99", 99}, {"max", 100}}};
    std::string text;
    for (const auto& [name, percent] : kMarks) {
      if (bars_.bar_of(distribution_.percentile(percent)) != amount) continue;
      if (!text.empty()) text += ' ';
      text += name;
    }
    return text;
  }

  const Distribution& distribution_;
  Distribution::Bars bars_;
  Counts before_;   // by the bars of now
  bool has_before_;
};

// What is left of a line for its bar.
std::size_t room_for_bars(const std::vector<Row>& rows, std::size_t columns) {
  std::array<std::size_t, 4> widths{};
  for (const Row& row : rows) {
    const std::array cells = {&row.label, &row.count, &row.since, &row.marks};
    for (std::size_t i = 0; i < cells.size(); ++i) widths[i] = std::max(widths[i], width(*cells[i]));
  }
  std::size_t taken = 2;   // before the label
  for (const std::size_t cell : widths) taken += cell == 0 ? 0 : cell + 2;
  return std::max(kShortestBar, columns - std::min(columns, taken));
}

}   // namespace

std::string signed_difference(std::uint64_t now, std::uint64_t before) {
  if (now == before) return "·";
  return now > before ? "+" + grouped(now - before) : "-" + grouped(before - now);
}

void append_plot(std::string& out, std::string_view title, const Distribution& distribution,
                 const Distribution* before, std::size_t columns, const Style& style) {
  out.append(style.dim(clipped(title_line(title, distribution), columns))).append("\n");
  const std::vector<Row> rows = Rows(distribution, before).make();
  std::uint64_t longest = 1;
  for (const Row& row : rows) longest = std::max(longest, row.length);
  const auto room = static_cast<double>(room_for_bars(rows, columns));
  using Align = Table::Align;
  std::vector<Align> aligned = {Align::left, Align::right, Align::right};
  if (before != nullptr) aligned.push_back(Align::right);
  aligned.insert(aligned.end(), {Align::left, Align::left});
  Table table(aligned);
  for (const Row& row : rows) {
    std::vector<std::string> cells = {"", row.label, row.count};
    if (before != nullptr) cells.push_back(row.since);
    cells.push_back(row.marks);
    cells.push_back(bar_of(static_cast<double>(row.length) * room / static_cast<double>(longest)));
    table.row(std::move(cells));
  }
  table.write(out, columns);
}

void append_json(std::string& out, const Distribution& distribution, std::string_view suffix) {
  const auto number = [&](JsonObject& object, std::string_view name, std::uint64_t amount) {
    const std::string member = std::string(name).append(suffix);
    amount == Distribution::kUnbounded ? object.null(member) : object.number(member, amount);
  };
  JsonObject object(out);
  object.number("count", distribution.count());
  number(object, "total", distribution.total());
  number(object, "p50", distribution.percentile(50));
  number(object, "p99", distribution.percentile(99));
  number(object, "max", distribution.max());
  append_json_array(object.name_of("buckets"), distribution.bars().counts, [&](const auto& bucket) {
    JsonObject one(out);
    number(one, "up_to", bucket.first);
    one.number("count", bucket.second);
    one.close();
  });
  object.close();
}

std::string time_span(std::uint64_t nanoseconds) {
  static constexpr std::array kUnits = {"ns", "µs", "ms", "s"};
  if (nanoseconds < 1000) return fmt::format("{} ns", nanoseconds);
  double amount = static_cast<double>(nanoseconds);
  std::size_t unit = 0;
  for (; amount >= 999.5 && unit + 1 < kUnits.size(); ++unit) amount /= 1000;
  const int decimals = amount < 9.995 ? 2 : amount < 99.95 ? 1 : 0;
  return fmt::format("{:.{}f} {}", amount, decimals, kUnits[unit]);
}

}   // namespace usertags::command
