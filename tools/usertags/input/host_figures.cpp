#include "input/host_figures.hpp"

#include <algorithm>
#include <charconv>
#include <cstddef>
#include <system_error>

#include "input/input.hpp"

namespace usertags::command {

namespace {

constexpr std::string_view kPrefix = "usertags_";
constexpr std::string_view kEnd = "# EOF";
constexpr std::size_t kMaxText = std::size_t{16} << 20;

std::uint64_t rounded(double value) {
  if (!(value > 0)) return 0;
  return value < 0x1p64 ? static_cast<std::uint64_t>(value + 0.5) : UINT64_MAX;
}

bool parse_number(std::string_view text, double& number) {
  if (text.starts_with('+')) text.remove_prefix(1);   // +Inf
  const auto [end, wrong] = std::from_chars(text.data(), text.data() + text.size(), number);
  return wrong == std::errc() && end != text.data();
}

Error is_no_text(std::string_view why) {
  return Error(ErrorCode::invalid_argument, "--metrics: " + std::string(why));
}

std::string_view without_blank_end(std::string_view text) {
  return text.substr(0, text.find_last_not_of(" \r\n") + 1);
}

}   // namespace

Result<HostFigures> HostFigures::read(const std::string& path) {
  try {
    return parse(read_all(path, kMaxText));
  } catch (const UnreadableInput& input) {
    return std::unexpected(input.error);
  } catch (const std::system_error& failure) {
    return std::unexpected(error_of(failure));
  }
}

Result<HostFigures> HostFigures::parse(std::string_view text) {
  text = without_blank_end(text);
  HostFigures figures;
  for (std::string_view rest = text; !rest.empty();) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    figures.take(rest.substr(0, end));
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
  if (!figures.samples_.contains("revision"))
    return std::unexpected(is_no_text("this is no text of a store's metrics_text()"));
  if (!text.ends_with(kEnd))
    return std::unexpected(is_no_text("the text ends without # EOF: it was cut, or is just being written"));
  return figures;
}

// NAME VALUE, or NAME{LABELS} VALUE; a time or an example may follow.
void HostFigures::take(std::string_view line) {
  if (!line.starts_with(kPrefix)) return;
  line.remove_prefix(kPrefix.size());
  const std::size_t braces = line.find_first_of("{ ");
  if (braces == std::string_view::npos) return;
  const std::size_t space = line[braces] == '{' ? line.find("} ") : braces - 1;
  if (space == std::string_view::npos) return;
  double value = 0;
  if (parse_number(line.substr(space + 2), value)) samples_.emplace(line.substr(0, space + 1), value);
}

std::uint64_t HostFigures::number(std::string_view name) const {
  const auto found = samples_.find(name);
  return found == samples_.end() ? 0 : rounded(found->second);
}

std::uint64_t HostFigures::sum(std::string_view name) const {
  double sum = 0;
  const std::string labelled = std::string(name) + '{';
  for (auto at = samples_.lower_bound(labelled); at != samples_.end() && at->first.starts_with(labelled);
       ++at)
    sum += at->second;
  return rounded(sum);
}

Distribution HostFigures::histogram(std::string_view name) const {
  const bool in_seconds = name.ends_with("_seconds");
  const double scale = in_seconds ? 1e9 : 1;
  std::map<std::uint64_t, std::uint64_t> up_to;   // bound -> so many, those below included
  const std::string labelled = std::string(name) + "_bucket{le=\"";
  for (auto at = samples_.lower_bound(labelled); at != samples_.end() && at->first.starts_with(labelled);
       ++at) {
    double bound = 0;
    if (parse_number(std::string_view(at->first).substr(labelled.size()), bound))
      up_to[rounded(bound * scale)] = rounded(at->second);
  }
  Distribution distribution(in_seconds ? Distribution::Unit::nanoseconds : Distribution::Unit::plain);
  std::uint64_t below = 0;
  for (const auto& [bound, count] : up_to) {
    distribution.add_bucket(bound, count > below ? count - below : 0);
    below = std::max(below, count);
  }
  const auto total = samples_.find(std::string(name) + "_sum");
  distribution.set_total(total == samples_.end() ? 0 : rounded(total->second * scale));
  return distribution;
}

}   // namespace usertags::command
