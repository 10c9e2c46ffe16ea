// What can be wrong with the log, in the words of whoever reads it.
#pragma once

#include <cstdint>
#include <string>

namespace usertags::store {

inline std::string broken_log(std::uint64_t revision) {
  return "the log is broken at change " + std::to_string(revision);
}
inline std::string unreadable_change(std::uint64_t revision) {
  return "change " + std::to_string(revision) + " cannot be read";
}
inline std::string missing_row(std::uint32_t ordinal, std::uint64_t revision) {
  return "the row of user " + std::to_string(ordinal) + " is gone, but change " + std::to_string(revision) +
         " is its";
}

}   // namespace usertags::store
