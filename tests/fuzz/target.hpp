// A fuzz target: a property that has to hold of any bytes, and a way to make others of them.
//
//   const Target utf8{.name = "utf8", .what = "scanners agree with …", .examine = examine};
//
// libfuzzer.cpp makes a libFuzzer executable of each (preset `fuzz`); corpus_test.cpp examines what is kept
// in corpus/NAME once, in every build.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace usertags::fuzz {

// Changes the first `size` of `max_size` bytes, and answers how many there are then: libFuzzer's, which knows
// what the target compares its input with.
using MutateBytes = std::size_t (*)(std::uint8_t* bytes, std::size_t size, std::size_t max_size);

struct Target {
  const char* name;   // its folder in corpus/
  const char* what;   // one line: what has to hold
  // Throws where it does not hold (test::Disagreement).
  void (*examine)(std::string_view input);
  // Of a structure that bytes changed at random would not keep: the input, changed within it, and of at most
  // `max_size` bytes. Null: bytes changed at random will do.
  std::string (*mutate)(std::string_view input, std::size_t max_size, std::uint32_t seed,
                        MutateBytes mutate_bytes) = nullptr;
};

}   // namespace usertags::fuzz
