#include "store/watch/host_call.hpp"

#include <cstdio>
#include <cstdlib>
#include <exception>
#include <initializer_list>
#include <string_view>
#include <utility>

namespace usertags::store {

constinit thread_local const HostCall* HostCall::innermost = nullptr;

namespace {

void say(std::initializer_list<const char*> texts) noexcept {
  for (const char* const text : texts) std::fputs(text, stderr);
}

}   // namespace

void end_process(const char* why) noexcept {
  say({"usertags: ", why, "\n"});
  std::abort();
}

void end_of_host_call(const char* name) noexcept {
  try {
    throw;
  } catch (const std::exception& exception) {
    say({"usertags: ", name, " threw, which it must not; the process ends: ", exception.what(), "\n"});
  } catch (...) {
    say({"usertags: ", name, " threw, which it must not; the process ends\n"});
  }
  std::terminate();
}

Options marked(const void* store, Options options) {
  if (options.log) {
    options.log = [store, log = std::move(options.log)](LogLevel level, std::string_view line) {
      const HostCall call(store);
      log(level, line);
    };
  }
  options.clock = marked(store, "Options::clock", std::move(options.clock));
  options.uptime = marked(store, "Options::uptime", std::move(options.uptime));
  return options;
}

}   // namespace usertags::store
