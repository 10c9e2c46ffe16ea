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

// Is told how many pages of the file are done, and of how many; each call that takes a Progress says what a
// page is there. `done` never falls and never passes `total`. Returns true to go on, false to cancel: then
// the call answers `cancelled` and leaves everything as it was.
//
// It runs on the caller's thread, every few milliseconds, under no lock that a read needs. It may make calls of
// the store that never wait; others are answered with invalid_argument. If it throws, the process ends with a
// message: to end the call, answer false. An empty one is not called.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

}   // namespace usertags
