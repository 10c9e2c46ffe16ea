// LivedTime: how long a store has been open for writing, in all its sessions: what the age of changes and
// tokens is counted by (docs/semantics.md, "Settings"). A clock that somebody sets moves it neither way, and
// time in which the store is closed does not count. What a session that ends uncleanly has lived since its
// last commit is lost: everything is then kept a little longer.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>

namespace usertags::store {

class LivedTime {
 public:
  using Uptime = std::function<std::chrono::nanoseconds()>;

  // Goes on from what the commit record says. No function: CLOCK_BOOTTIME.
  LivedTime(std::int64_t lived_ms, Uptime uptime);

  std::int64_t now_ms() const noexcept;   // never less than at the beginning

 private:
  std::chrono::nanoseconds uptime() const noexcept;

  const Uptime uptime_;
  const std::int64_t lived_before_ms_;
  const std::chrono::nanoseconds opened_at_;
};

}   // namespace usertags::store
