// Progress: how a host follows a call that takes long, and cancels it.
//
//   store.backup("copy.db", [&](std::uint64_t done, std::uint64_t total) {
//     show(done, total);
//     return !stop_requested;
//   });
#pragma once

#include <cstdint>
#include <functional>

namespace usertags {

// Told how many pages of the file are done, and of how many; what a page counts for is said with each call
// that takes a Progress. `done` never falls and never passes `total`. Answers false to cancel: the call then
// answers `cancelled` and leaves everything as it was before.
//
// Called on the caller's thread, after every millisecond or few of work, under no lock that a read needs. It
// must not throw and must not call the store. An empty one is not called.
using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

}   // namespace usertags
