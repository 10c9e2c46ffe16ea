#include "model/record_blocks.hpp"

#include <gtest/gtest.h>

#include <cstring>
#include <thread>
#include <vector>

#include "make_record.hpp"
#include "model/change.hpp"

namespace usertags::model {
namespace {

using test::make_record;

// Under a sanitizer that looks for what is used after it was freed none is kept.
TEST(RecordBlocks, ABlockIsTakenAgainForWhatHasTheSameSize) {
  for (const std::size_t bytes : {40U, 41U, 56U, 57U, 120U, 504U, 505U, 5000U}) {
    RecordBlocks blocks;
    const RecordBlock block = blocks.take(bytes);
    std::memset(block.at, 'x', RecordSlabs::size_of(bytes));
    blocks.give(block, bytes);
    const bool is_kept = PageRuns::is_used() && bytes <= 504;
    const RecordBlock larger = blocks.take(RecordSlabs::size_of(bytes) + 1);
    EXPECT_TRUE(!is_kept || larger.at != block.at) << bytes;
    const RecordBlock same = blocks.take(RecordSlabs::size_of(bytes));
    EXPECT_TRUE(!is_kept || same.at == block.at) << bytes;
    EXPECT_TRUE(!is_kept || same.is_of_slab == block.is_of_slab) << bytes;
    blocks.give(larger, RecordSlabs::size_of(bytes) + 1);
    blocks.give(same, bytes);
  }
}

TEST(RecordBlocks, AreGivenBackWhereThereAreTooMany) {
  const std::size_t before = RecordSlabs::blocks_taken();
  {
    RecordBlocks blocks;
    std::vector<RecordBlock> given;
    for (std::size_t i = 0; i < RecordBlocks::kMost + 10; ++i) given.push_back(blocks.take(100));
    for (const RecordBlock& block : given) blocks.give(block, 100);   // a sanitizer finds one that is lost
    EXPECT_EQ(blocks.count(), PageRuns::is_used() ? RecordBlocks::kMost : 0);
  }
  EXPECT_EQ(RecordSlabs::blocks_taken(), before);
}

TEST(RecordBlocks, ManyThreadsGiveAndTakeAtOnce) {
  RecordBlocks blocks;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i) {
    threads.emplace_back([&, i] {
      for (std::size_t step = 0; step < 2000; ++step) {
        const std::size_t bytes = 40 + step % 100;
        const RecordBlock block = blocks.take(bytes);
        auto* const at = static_cast<unsigned char*>(block.at);
        std::memset(at, i, bytes);
        std::this_thread::yield();
        for (std::size_t k = 0; k < bytes; ++k) ASSERT_EQ(at[k], i);   // nobody else has it
        blocks.give(block, bytes);
      }
    });
  }
}

TEST(RecordBlocks, TheNextVersionIsMadeWhereOneHasBeen) {
  RecordBlocks blocks;
  RecordPtr gone = make_record({{"plan", "a"}});
  const void* const place = gone.get();
  RecordPtr held = gone;
  gone.drop(blocks);
  EXPECT_EQ(gone.get(), nullptr);
  EXPECT_EQ(blocks.count(), 0U);   // somebody holds it
  EXPECT_EQ(held->find("plan"), "a");
  held.drop(blocks);
  const RecordPtr before = make_record({{"plan", "b"}});
  const std::vector<TagDelta> deltas = {{"plan", "c", before->find("plan")}};
  const RecordPtr next = Record::make_next(*before, 8, deltas, &blocks);
  EXPECT_TRUE(!PageRuns::is_used() || next.get() == place);
  EXPECT_EQ(next->find("plan"), "c");
  EXPECT_EQ(next->external_id(), "ext");
}

}   // namespace
}   // namespace usertags::model
