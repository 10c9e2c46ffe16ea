// The file of a store, without a WAL: rows changed and made to fit, or the bytes of pages.
#include "fuzz/forging.hpp"
#include "fuzz/store_files.hpp"
#include "fuzz/targets.hpp"

namespace usertags::fuzz {
namespace {

void examine(std::string_view input) {
  examine_files({std::string(input)});
}

// Bytes of one page, or of a stretch of it, so that the b-tree mostly can still be walked. Page 1 has the
// schema, which is compared as a whole: it is left for others.
std::string with_a_page_changed(std::string bytes, std::mt19937& random, MutateBytes mutate_bytes) {
  constexpr std::size_t kPage = 512;   // of the files in the corpus
  const std::size_t pages = bytes.size() / kPage;
  if (pages < 2) return bytes;
  const std::size_t page = random() % 16 == 0 ? 0 : 1 + random() % (pages - 1);
  const std::size_t size = random() % 2 == 0 ? kPage : 1 + random() % 16;
  const std::size_t start = page * kPage + random() % (kPage - size + 1);
  std::string part = bytes.substr(start, size);
  part.resize(mutate_bytes(reinterpret_cast<std::uint8_t*>(part.data()), part.size(), size));
  part.resize(size);
  return bytes.replace(start, size, part);
}

std::string mutate(std::string_view input, std::size_t max_size, std::uint32_t seed,
                   MutateBytes mutate_bytes) {
  std::mt19937 random(seed);
  std::string bytes(input);
  if (random() % 64 == 0) return bytes.substr(0, random() % (bytes.size() + 1));
  if (random() % 4 == 0) {
    bytes = with_a_page_changed(std::move(bytes), random, mutate_bytes);
  } else {
    bytes = with_rows_changed({std::move(bytes)}, false, random, mutate_bytes).database;
  }
  return bytes.size() <= max_size ? bytes : std::string(input);
}

}   // namespace

const Target database{.name = "database",
                      .what = "any file is refused by name, or is a whole store however it is opened",
                      .examine = examine,
                      .mutate = mutate};

}   // namespace usertags::fuzz
