// What is kept of the fuzz targets' inputs holds in every build.
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "fuzz/targets.hpp"

namespace usertags::fuzz {
namespace {

std::vector<std::filesystem::path> corpus_of(const Target& target) {
  std::vector<std::filesystem::path> files;
  for (const auto& file : std::filesystem::directory_iterator(std::filesystem::path(USERTAGS_FUZZ_DATA) /
                                                              "corpus" / target.name))
    files.push_back(file.path());
  std::ranges::sort(files);
  return files;
}

class FuzzCorpus : public testing::TestWithParam<const Target*> {};

TEST_P(FuzzCorpus, Holds) {
  const Target& target = *GetParam();
  const auto files = corpus_of(target);
  EXPECT_FALSE(files.empty());
  for (const auto& path : files) {
    std::ifstream file(path, std::ios::binary);
    const std::string input{std::istreambuf_iterator<char>(file), {}};
    EXPECT_NO_THROW(target.examine(input)) << path;
  }
  target.examine("");
}

INSTANTIATE_TEST_SUITE_P(Targets, FuzzCorpus, testing::ValuesIn(kTargets),
                         [](const auto& tested) { return std::string(tested.param->name); });

}   // namespace
}   // namespace usertags::fuzz
