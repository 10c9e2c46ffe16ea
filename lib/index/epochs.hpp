// Epochs: how readers look at what is being changed without a lock, and without writing to memory that another
// thread reads: epoch-based reclamation (Fraser, "Practical lock-freedom", 2004, section 5.2.3).
//
//   reader                                        writer
//   const EpochGuard reading;                     slot = newer;                  // unlinked: no way leads there
//   const Thing* thing = slot;                    limbo.put(std::move(older));   // freed when nobody sees it
//   use(*thing);
//
// A thread that reads announces itself in a line of its own, with the epoch in which it came, and takes itself
// out again. What a writer has unlinked is put into a Limbo, and freed there when every reader who came before
// has gone. Nobody ever waits: a reader who stays long delays what is freed, and nothing else.
//
// Why it is safe. The announcement, the loads of words that lead to things, the stores that unlink, and the
// look at the lines are sequentially consistent, and so in one order. If the writer looks at a line before the
// reader has announced itself there, the reader's loads come after the unlinking, and do not find the thing. If
// it looks later, it sees the announcement. So those words are loaded and stored with
// std::memory_order_seq_cst, which on x86-64 costs loads nothing. No fence is needed, and ThreadSanitizer sees
// every edge.
//
// The lines are those of the process. A thread takes one with its first look, and gives it back at its end. The
// threads that find none share counters, which costs them the writing that lines save.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>

#include "model/thread_annotations.hpp"

namespace usertags::index {

namespace epochs {

struct alignas(64) Line {
  std::atomic<std::uint64_t> entered{0};   // the epoch in which its thread began to read; 0: it does not
  std::atomic<bool> taken{false};
};

// Of the calling thread. One that was never asked to read has no line yet.
struct ThreadState {
  Line* line = nullptr;
  unsigned depth = 0;   // guards that nest
  unsigned crowd = 0;   // without a line: the counter in which it stands
  bool ends = false;    // the line was given back: the thread's objects are being destroyed
};
extern constinit thread_local ThreadState this_thread;

extern std::atomic<std::uint64_t> current;

inline void announce(Line& line) noexcept {
  line.entered.exchange(current.load(std::memory_order_seq_cst), std::memory_order_seq_cst);
}
void enter_slowly() noexcept;   // takes a line, or joins the crowd
void leave_crowd() noexcept;

}   // namespace epochs

// While it lives, nothing that its thread finds is freed. Guards nest. Made and destroyed on one thread.
class EpochGuard {
 public:
  EpochGuard() noexcept {
    epochs::ThreadState& thread = epochs::this_thread;
    if (thread.depth++ > 0) return;
    if (thread.line != nullptr) [[likely]]
      epochs::announce(*thread.line);
    else
      epochs::enter_slowly();
  }
  EpochGuard(const EpochGuard&) = delete;
  EpochGuard& operator=(const EpochGuard&) = delete;
  ~EpochGuard() {
    epochs::ThreadState& thread = epochs::this_thread;
    if (--thread.depth > 0) return;
    if (thread.line != nullptr) [[likely]]
      thread.line->entered.store(0, std::memory_order_release);
    else
      epochs::leave_crowd();
  }
};

// What can be put into a Limbo. It brings its place in the list, so that putting it there cannot fail.
class Garbage {
 public:
  Garbage() noexcept = default;
  Garbage(const Garbage&) = delete;
  Garbage& operator=(const Garbage&) = delete;
  virtual ~Garbage() = default;

 private:
  friend class Limbo;
  std::unique_ptr<Garbage> next_;
  std::uint64_t epoch_ = 0;   // in which it was unlinked
};

// What was unlinked and may still be looked at, oldest first. Any thread. When it is destroyed, nobody reads.
class Limbo {
 public:
  Limbo() noexcept = default;
  Limbo(const Limbo&) = delete;
  Limbo& operator=(const Limbo&) = delete;
  ~Limbo();

  void put(std::unique_ptr<Garbage> unlinked) noexcept;
  // Frees what nobody can see any more.
  void sweep() noexcept;

 private:
  static void free(std::unique_ptr<Garbage> list) noexcept;
  std::unique_ptr<Garbage> take(std::uint64_t oldest_reader) noexcept USERTAGS_REQUIRES(mutex_);

  model::Mutex mutex_;
  std::unique_ptr<Garbage> oldest_ USERTAGS_GUARDED_BY(mutex_);
  Garbage* newest_ USERTAGS_GUARDED_BY(mutex_) = nullptr;
};

}   // namespace usertags::index
