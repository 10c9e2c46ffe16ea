#include "model/copy_blocks.hpp"

#include "model/page_runs.hpp"

namespace usertags::model {

constinit thread_local CopyBlocks::OfThread CopyBlocks::this_thread;
const EndOfThread CopyBlocks::end_of_thread(end);

// Nothing where all is the allocator's: there copies are to be seen that are used after they were dropped.
bool CopyBlocks::begins_to_keep() noexcept {
  if (this_thread.ends || !PageRuns::is_used()) return false;
  this_thread.keeps = end_of_thread.will_get(&this_thread);
  return this_thread.keeps;
}

// What the thread drops even later goes to the allocator.
void CopyBlocks::end(void* of_thread) noexcept {
  auto& thread = *static_cast<OfThread*>(of_thread);
  thread.keeps = false;
  thread.ends = true;
  for (void*& block : thread.kept) ::operator delete(std::exchange(block, nullptr));
}

}   // namespace usertags::model
