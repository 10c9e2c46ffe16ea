#include "store/watch/host_call.hpp"

#include <cstdio>
#include <exception>
#include <string>

namespace usertags::store {

constinit thread_local const HostCall* HostCall::innermost = nullptr;

void end_of_host_call(const char* name) noexcept {
  try {
    throw;
  } catch (const std::exception& exception) {
    std::fprintf(stderr, "usertags: %s threw, which it must not; the process ends: %s\n", name,
                 exception.what());
  } catch (...) {
    std::fprintf(stderr, "usertags: %s threw, which it must not; the process ends\n", name);
  }
  std::terminate();
}

Options marked(const void* store, Options options) {
  if (options.log) {
    options.log = marked(store, "Options::log",
                         std::function([log = std::move(options.log)](LogLevel level, std::string_view line) {
                           try {
                             log(level, line);
                           } catch (...) {   // a line that cannot be told is lost
                           }
                         }));
  }
  options.clock = marked(store, "Options::clock", std::move(options.clock));
  options.uptime = marked(store, "Options::uptime", std::move(options.uptime));
  return options;
}

}   // namespace usertags::store
