// MetricFamilies: families of metrics, one after the other, in the text format of OpenMetrics 1.0.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>

namespace usertags::store {

// Texts of labels and help are our own: nothing in them has to be escaped.
class MetricFamilies {
 public:
  void gauge(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, "gauge", help);
    sample("", "", std::to_string(value));
  }

  void counter(std::string_view name, std::string_view help, std::uint64_t value) {
    family(name, "counter", help);
    sample("_total", "", std::to_string(value));
  }

  // Begins a family; samples follow. Its unit is the end of its name, if that is one.
  void family(std::string_view name, std::string_view type, std::string_view help) {
    name_ = "usertags_" + std::string(name);
    meta("TYPE", type);
    for (const std::string_view unit : {"bytes", "seconds"}) {
      if (name.ends_with(unit)) meta("UNIT", unit);
    }
    meta("HELP", help);
  }

  // Labels as they are written: `reason="busy"`.
  void sample(std::string_view suffix, std::string_view labels, std::string_view value) {
    text_.append(name_).append(suffix);
    if (!labels.empty()) text_.append("{").append(labels).append("}");
    text_.append(" ").append(value).append("\n");
  }

  std::string text() && { return std::move(text_); }

 private:
  void meta(std::string_view word, std::string_view value) {
    text_.append("# ").append(word).append(" ").append(name_).append(" ").append(value).append("\n");
  }

  std::string text_;
  std::string name_;
};

// Exact, and in seconds.
inline std::string in_seconds(std::uint64_t nanoseconds) {
  std::string text = std::to_string(nanoseconds);
  if (text.size() < 10) text.insert(0, 10 - text.size(), '0');
  return text.insert(text.size() - 9, 1, '.');
}

}   // namespace usertags::store
