// HostCall: marks that this thread runs a function of a host's that a store called while others wait for it: `log`,
// `clock`, `uptime`, a Progress. A call of the same store that can wait would wait for itself there.
#pragma once

#include <functional>
#include <utility>

#include <usertags/options.hpp>
#include <usertags/progress.hpp>

namespace usertags::store {

class HostCall {
 public:
  explicit HostCall(const void* store) noexcept : store_(store), outer_(innermost) { innermost = this; }
  HostCall(const HostCall&) = delete;
  HostCall& operator=(const HostCall&) = delete;
  ~HostCall() { innermost = outer_; }

  static bool is_within(const void* store) noexcept {
    const HostCall* call = innermost;
    while (call != nullptr && call->store_ != store) call = call->outer_;
    return call != nullptr;
  }

 private:
  static constinit thread_local const HostCall* innermost;

  const void* const store_;
  const HostCall* const outer_;   // stores can call each other by way of their hosts
};

// Ends the process: there is nobody whom the exception under way could reach.
[[noreturn]] void end_of_host_call(const char* name) noexcept;

// The host's function, marked. What it throws ends the process, in the name's name.
template <class Answer, class... Arguments>
std::function<Answer(Arguments...)> marked(const void* store, const char* name,
                                           std::function<Answer(Arguments...)> function) {
  if (!function) return {};
  return [store, name, function = std::move(function)](Arguments... arguments) -> Answer {
    const HostCall call(store);
    try {
      return function(arguments...);
    } catch (...) {
      end_of_host_call(name);
    }
  };
}

// All functions of the options. What `log` throws is swallowed: a line must not fail a write.
Options marked(const void* store, Options options);

}   // namespace usertags::store
