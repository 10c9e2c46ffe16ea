// The libFuzzer executable of one target, which the build names USERTAGS_FUZZ_TARGET.
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

#include "fuzz/targets.hpp"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* bytes, std::size_t size, std::size_t max_size);

namespace {

constexpr const usertags::fuzz::Target& target = usertags::fuzz::USERTAGS_FUZZ_TARGET;

std::string_view as_text(const std::uint8_t* bytes, std::size_t size) {
  return {reinterpret_cast<const char*>(bytes), size};
}

}   // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* bytes, std::size_t size) {
  try {
    target.examine(as_text(bytes, size));
  } catch (const std::exception& broken) {
    std::fprintf(stderr, "BROKEN: %s: %s\n", target.name, broken.what());
    std::abort();   // libFuzzer keeps the input
  }
  return 0;
}

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* bytes, std::size_t size, std::size_t max_size,
                                               unsigned int seed) {
  if (target.mutate == nullptr) return LLVMFuzzerMutate(bytes, size, max_size);
  const std::string mutated = target.mutate(as_text(bytes, size), max_size, seed, LLVMFuzzerMutate);
  std::memcpy(bytes, mutated.data(), mutated.size());
  return mutated.size();
}
