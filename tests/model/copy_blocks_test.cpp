#include "model/copy_blocks.hpp"

#include <gtest/gtest.h>
#include <malloc.h>
#include <pthread.h>

#include <cstring>
#include <thread>
#include <vector>

#include "make_record.hpp"
#include "model/page_runs.hpp"

namespace usertags::model {
namespace {

using test::make_record;

void* take_filled(std::size_t bytes, int pattern) {
  void* const block = CopyBlocks::take(bytes);
  std::memset(block, pattern, bytes);
  return block;
}

// A thread of its own has kept none.
template <class Function>
void on_a_thread(Function&& function) {
  std::jthread thread(function);
}

TEST(CopyBlocks, ABlockIsTakenAgainForWhatIsAboutAsLarge) {
  if (!PageRuns::is_used()) GTEST_SKIP() << "AddressSanitizer looks for what is used after it was dropped";
  on_a_thread([] {
    for (const std::size_t bytes : {40U, 72U, 104U, 296U}) {
      void* const block = take_filled(bytes, 1);
      CopyBlocks::give(block, bytes);
      void* const larger = take_filled(bytes + 1, 2);
      EXPECT_NE(larger, block) << bytes;
      const std::size_t smaller_bytes = bytes == 40 ? 40 : bytes - 31;
      void* const smaller = take_filled(smaller_bytes, 3);
      EXPECT_EQ(smaller, block) << bytes;
      CopyBlocks::give(larger, bytes + 1);
      CopyBlocks::give(smaller, smaller_bytes);
    }
  });
}

TEST(CopyBlocks, OneOfEachSizeIsKept) {
  on_a_thread([] {
    for (int round = 0; round < 3; ++round) {
      std::vector<unsigned char*> all;
      for (unsigned char i = 0; i < 5; ++i) all.push_back(static_cast<unsigned char*>(take_filled(100, i)));
      for (unsigned char i = 0; i < 5; ++i) {
        for (std::size_t k = 0; k < 100; ++k) ASSERT_EQ(all[i][k], i);   // nobody else has it
        CopyBlocks::give(all[i], 100);                                   // a sanitizer finds one that is lost
      }
    }
  });
}

TEST(CopyBlocks, AThreadLeavesNothing) {
  const auto in_use = [] { return mallinfo2().uordblks; };
  const auto keeps_one = [] { CopyBlocks::give(take_filled(200, 1), 200); };
  on_a_thread(keeps_one);
  const std::size_t before = in_use();
  for (int i = 0; i < 100; ++i) on_a_thread(keeps_one);
  EXPECT_LT(in_use(), before + 10 * 200);
}

// Behind the end that was told, too: keys' functions are called again while threads have values of them.
TEST(CopyBlocks, AreDroppedAtTheEndOfAThread) {
  static pthread_key_t key;
  static const auto drop = [](void* copy) {
    static thread_local int calls = 0;
    if (++calls < 3) return static_cast<void>(pthread_setspecific(key, copy));
    *static_cast<RecordPtr*>(copy) = RecordPtr();
  };
  ASSERT_EQ(pthread_key_create(&key, drop), 0);
  const RecordPtr record = make_record({{"plan", "gold"}});
  RecordPtr last;
  on_a_thread([&] {
    last = record->copy();
    record->copy();   // and dropped
    pthread_setspecific(key, &last);
  });
  EXPECT_FALSE(last);
  pthread_key_delete(key);
}

TEST(CopyBlocks, AnotherThreadDropsWhatOneHasTaken) {
  const RecordPtr record = make_record({{"plan", "gold"}});
  for (int i = 0; i < 20; ++i) {
    RecordPtr copy = record->copy();
    on_a_thread([&] { copy = RecordPtr(); });
    copy = record->copy();
    EXPECT_EQ(copy->version_bytes(), record->version_bytes());
  }
}

}   // namespace
}   // namespace usertags::model
