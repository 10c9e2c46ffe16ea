// A WAL beside the file of a store (wal-base.db): its frames changed and summed up again, transactions on top
// of them, or its bytes.
#include <algorithm>
#include <fstream>
#include <iterator>
#include <stdexcept>

#include "fuzz/forging.hpp"
#include "fuzz/store_files.hpp"
#include "fuzz/targets.hpp"
#include "fuzz/wal_frames.hpp"

namespace usertags::fuzz {
namespace {

const std::string& base() {
  static const std::string bytes = [] {
    std::ifstream file(USERTAGS_FUZZ_DATA "/wal-base.db", std::ios::binary);
    std::string read{std::istreambuf_iterator<char>(file), {}};
    if (read.empty()) throw std::runtime_error("there is no " USERTAGS_FUZZ_DATA "/wal-base.db");
    return read;
  }();
  return bytes;
}

void examine(std::string_view input) {
  examine_files({base(), std::string(input)});
}

void change_frame(WalFrame& frame, std::mt19937& random, MutateBytes mutate_bytes) {
  const auto number = static_cast<std::uint32_t>(random());
  switch (random() % 4) {
    case 0: frame.page = random() % 2 == 0 ? number % 64 : number; return;
    case 1: frame.pages_after_commit = random() % 4 == 0 ? number : number % 2 * (number % 64); return;
    default: {
      const std::size_t size = std::min<std::size_t>(frame.content.size(), 1 + random() % 32);
      const std::size_t start = random() % (frame.content.size() - size + 1);
      std::string part = frame.content.substr(start, size);
      part.resize(mutate_bytes(reinterpret_cast<std::uint8_t*>(part.data()), size, size));
      part.resize(size);
      frame.content.replace(start, size, part);
    }
  }
}

std::string with_frames_changed(std::string_view input, std::mt19937& random, MutateBytes mutate_bytes) {
  WalFrames wal = WalFrames::parse(input);
  if (wal.frames.empty()) return std::string(input);
  const auto any = [&] {
    return wal.frames.begin() + static_cast<std::ptrdiff_t>(random() % wal.frames.size());
  };
  switch (random() % 6) {
    case 0: wal.frames.erase(any()); break;
    case 1: std::iter_swap(any(), any()); break;
    case 2: {
      const WalFrame copied = *any();
      wal.frames.insert(any(), copied);
      break;
    }
    case 3: wal.frames.erase(any(), wal.frames.end()); break;
    default: change_frame(*any(), random, mutate_bytes);
  }
  return wal.bytes();
}

std::string mutate(std::string_view input, std::size_t max_size, std::uint32_t seed,
                   MutateBytes mutate_bytes) {
  std::mt19937 random(seed);
  std::string bytes(input);
  switch (random() % 8) {
    case 0:
      bytes.resize(max_size);
      bytes.resize(mutate_bytes(reinterpret_cast<std::uint8_t*>(bytes.data()), input.size(), max_size));
      break;
    case 1:
    case 2:
    case 3: bytes = with_frames_changed(input, random, mutate_bytes); break;
    default: bytes = with_rows_changed({base(), std::string(input)}, true, random, mutate_bytes).wal;
  }
  return bytes.size() <= max_size ? bytes : std::string(input);
}

}   // namespace

const Target wal{
    .name = "wal",
    .what = "any WAL leaves the store that SQLite sees, however it is opened, or is refused by name",
    .examine = examine,
    .mutate = mutate};

}   // namespace usertags::fuzz
