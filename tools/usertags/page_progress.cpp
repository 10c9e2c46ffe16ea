#include "page_progress.hpp"

#include <cstdint>
#include <optional>

#include "progress.hpp"
#include "signals.hpp"

namespace usertags::command {

Result<void> with_page_progress(const std::function<Result<void>(const usertags::Progress&)>& call) {
  defer_interruptions();
  Progress line("pages");
  return call([&](std::uint64_t done, std::uint64_t total) {
    line.at(done, total == 0 ? std::nullopt
                             : std::optional(static_cast<double>(done) / static_cast<double>(total)));
    return !interrupted();
  });
}

int exit_code_of_long_call(const Error& error, Console& console) {
  if (error == ErrorCode::cancelled && interrupted()) return interrupted_exit_code();
  return console.error(error);
}

}   // namespace usertags::command
