// Progress: how a host follows a call that takes long, and cancels it.
//
//   auto copied = store.backup("copy.db", [&](std::uint64_t done, std::uint64_t total) {
//     show(done, total);
//     return running();
//   });
//   if (!copied) return report(copied.error());   // e.g. cancelled
#pragma once

#include <cstdint>
#include <functional>

namespace usertags {

// Is told how much is done, and of how much: pages of the file in backup() and compact(), users in writes to all
// users of a selector. `done` never falls and never exceeds `total`. Answer true to go on, false to cancel: then
// the call answers `cancelled`. backup() and compact() leave everything as it was then.
//
// It runs on the caller's thread, under no lock that a read needs. It may make calls of the store that never
// wait; others are answered with invalid_argument. If it throws, the process ends with a message: to end the
// call, answer false. An empty one is not called.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

}   // namespace usertags
