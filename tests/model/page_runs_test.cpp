#include "model/page_runs.hpp"

#include <gtest/gtest.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstdint>
#include <cstring>
#include <memory>
#include <new>
#include <random>
#include <utility>
#include <vector>

namespace usertags::model {
namespace {

constexpr std::size_t kPage = PageRuns::kPageBytes;

struct Pages {
  unsigned char* at = nullptr;
  std::size_t bytes = 0;
};

Pages take(std::size_t pages, std::size_t aligned_to_pages = 1) {
  const PageRuns::Turn turn;
  return {static_cast<unsigned char*>(PageRuns::take(turn, pages * kPage, aligned_to_pages)), pages * kPage};
}

void give(const Pages& pages) {
  const PageRuns::Turn turn;
  PageRuns::give(turn, pages.at, pages.bytes);
}

std::size_t chunks() {
  return PageRuns::figures().chunks;
}

TEST(PageRuns, NoTwoLieOnEachOther) {
  const auto seed = std::random_device()();
  SCOPED_TRACE(testing::Message() << "seed " << seed);
  std::mt19937 random(seed);
  const std::size_t before = PageRuns::figures().taken_bytes;
  std::vector<std::pair<Pages, unsigned char>> all;
  std::size_t bytes = 0;
  const auto give_one = [&] {
    std::swap(all[random() % all.size()], all.back());
    const auto [pages, pattern] = all.back();
    all.pop_back();
    bytes -= pages.bytes;
    for (std::size_t page = 0; page < pages.bytes; page += kPage) {
      ASSERT_EQ(pages.at[page], pattern);   // nobody else has it
      ASSERT_EQ(pages.at[page + kPage - 1], pattern);
    }
    give(pages);
  };
  for (unsigned step = 0; step < 6'000; ++step) {
    const bool grows = step % 1'500 < 900;
    if (!all.empty() && random() % 8 < (grows ? 2U : 6U)) {
      give_one();
      continue;
    }
    const std::size_t aligned_to = std::size_t{1} << random() % 6;
    const Pages pages = take(1 + random() % (random() % 30 == 0 ? 512 : 40), aligned_to);
    ASSERT_EQ(reinterpret_cast<std::uintptr_t>(pages.at) % (aligned_to * kPage), 0U);
    const auto pattern = static_cast<unsigned char>(random());
    for (std::size_t page = 0; page < pages.bytes; page += kPage)
      pages.at[page] = pages.at[page + kPage - 1] = pattern;
    all.emplace_back(pages, pattern);
    bytes += pages.bytes;
    ASSERT_EQ(PageRuns::figures().taken_bytes, before + bytes);
  }
  while (!all.empty()) give_one();
  EXPECT_EQ(PageRuns::figures().taken_bytes, before);
}

TEST(PageRuns, AreTakenWhereOthersWere) {
  std::vector<Pages> all;
  for (int i = 0; i < 500; ++i) all.push_back(take(10));
  const std::size_t before = chunks();
  for (std::size_t size = 1; size <= 16; ++size) {   // in runs of other sizes, too
    for (std::size_t i = 100; i < 100 + 50; ++i) give(all[i]);
    std::vector<Pages> others;
    for (std::size_t pages = size; pages < 400; pages += size) others.push_back(take(size));
    EXPECT_EQ(chunks(), before) << size;
    for (const Pages& pages : others) give(pages);
    for (std::size_t i = 100; i < 100 + 50; ++i) all[i] = take(10);
    EXPECT_EQ(chunks(), before) << size;
  }
  for (const Pages& pages : all) give(pages);
}

TEST(PageRuns, AChunkThatIsFreeGoesBackIfThereIsAnother) {
  give(take(512));
  const std::size_t before = chunks();
  std::vector<Pages> all;
  for (int i = 0; i < 3; ++i) all.push_back(take(512));
  EXPECT_EQ(chunks(), before + 2);
  for (const Pages& pages : all) give(pages);
  EXPECT_EQ(chunks(), before);
}

// A child that may map nothing more.
TEST(PageRuns, ThrowWhereTheSystemHasNoMemory) {
#ifdef __SANITIZE_THREAD__
  GTEST_SKIP() << "ThreadSanitizer maps memory of its own";
#endif
  if (!PageRuns::is_used()) GTEST_SKIP() << "AddressSanitizer maps memory of its own";
  const pid_t child = fork();
  if (child == 0) {
    std::vector<Pages> all;
    all.reserve(100);
    while (chunks() < 8) all.push_back(take(500));   // so that the list of chunks has room for another
    const rlimit none{0, 0};
    if (setrlimit(RLIMIT_AS, &none) != 0) _exit(1);
    const std::size_t taken = PageRuns::figures().taken_bytes;
    try {
      for (int i = 0; i < 50; ++i) all.push_back(take(500));
      _exit(2);
    } catch (const std::bad_alloc&) {
    }
    if (PageRuns::figures().taken_bytes > taken + 500 * kPage) _exit(3);   // one chunk may have been free
    give(all.front());
    _exit(take(500).at == all.front().at ? 0 : 4);
  }
  int status = 0;
  ASSERT_EQ(waitpid(child, &status, 0), child);
  ASSERT_TRUE(WIFEXITED(status));
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(PageRun, IsOneOfPagesWhereItIsLarge) {
  const std::size_t before = PageRuns::figures().taken_bytes;
  for (const std::size_t bytes : {std::size_t{1}, 3 * kPage, 4 * kPage - 1, 4 * kPage, 4 * kPage + 1,
                                  PageRuns::kChunkBytes, PageRuns::kChunkBytes + 1}) {
    const PageRun run(bytes);
    std::memset(run.at(), 1, bytes);
    const bool is_large = PageRuns::is_used() && bytes >= 4 * kPage && bytes <= PageRuns::kChunkBytes;
    const std::size_t taken = PageRuns::figures().taken_bytes - before;
    EXPECT_EQ(taken, is_large ? (bytes + kPage - 1) / kPage * kPage : 0) << bytes;
    EXPECT_EQ(PageRun::memory_bytes(bytes), is_large ? taken : bytes);
  }
  EXPECT_EQ(PageRuns::figures().taken_bytes, before);
}

}   // namespace
}   // namespace usertags::model
