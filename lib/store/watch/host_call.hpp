// HostCall: marks that this thread runs a function of a host's. The mark of a store: `log`, `clock`, `uptime`, a
// Progress, which it calls while others wait for it; a call of the same store that can wait would wait for itself
// there. The mark of its submissions: a callback, for whose end drain() and close() would wait.
#pragma once

#include <functional>
#include <utility>

#include <usertags/options.hpp>
#include <usertags/progress.hpp>

namespace usertags::store {

class HostCall {
 public:
  explicit HostCall(const void* caller) noexcept : caller_(caller), outer_(innermost) { innermost = this; }
  HostCall(const HostCall&) = delete;
  HostCall& operator=(const HostCall&) = delete;
  ~HostCall() { innermost = outer_; }

  static bool is_within(const void* caller) noexcept {
    const HostCall* call = innermost;
    while (call != nullptr && call->caller_ != caller) call = call->outer_;
    return call != nullptr;
  }

 private:
  static constinit thread_local const HostCall* innermost;

  const void* const caller_;
  const HostCall* const outer_;   // stores can call each other by way of their hosts
};

// Where nobody could be answered any more, and going on would use what is gone.
[[noreturn]] void end_process(const char* why) noexcept;

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

// All functions of the options. What `log` throws is swallowed by the Logger.
Options marked(const void* store, Options options);

}   // namespace usertags::store
