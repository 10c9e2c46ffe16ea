// Logger: the host's log callback, if there is one. What it throws is swallowed: a log line must not fail a
// write.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <utility>

#include <usertags/options.hpp>

#include "model/shown_text.hpp"

namespace usertags::store {

class Logger {
 public:
  explicit Logger(std::function<void(LogLevel, std::string_view)> callback)
      : callback_(std::move(callback)) {}

  // `line()` makes the text, only if somebody listens. It reaches the callback as one line.
  template <class MakeLine>
  void operator()(LogLevel level, MakeLine&& line) const noexcept {
    if (!callback_) return;
    try {
      callback_(level, model::one_line(std::string(line())));
    } catch (...) {   // a line that cannot be told is lost
    }
  }

 private:
  std::function<void(LogLevel, std::string_view)> callback_;
};

}   // namespace usertags::store
