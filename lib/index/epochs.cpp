#include "index/epochs.hpp"

#include <pthread.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <limits>
#include <utility>

#include "model/end_of_thread.hpp"

namespace usertags::index {
namespace epochs {

constinit thread_local ThreadState this_thread;
constinit std::atomic<std::uint64_t> current{1};

namespace {

constexpr std::uint64_t kNobody = std::numeric_limits<std::uint64_t>::max();
constexpr std::size_t kLines = 256;
constinit std::array<Line, kLines> lines;
constinit std::atomic<std::size_t> lines_used{0};    // those behind were never taken
constinit std::atomic<std::size_t> lines_taken{0};   // now: whether it is worth to look for a free one

// The threads without a line, counted by the epoch in which they came. An epoch does not begin while the
// counter that it would use counts for an earlier one: so each counter stands for one of the last few.
constexpr std::size_t kCrowds = 8;
constinit std::array<std::atomic<std::uint64_t>, kCrowds> crowds;

// Begins a new epoch, if it can. Answers the last one whose readers may see what was unlinked before.
std::uint64_t advance() noexcept {
  std::uint64_t epoch = current.load(std::memory_order_seq_cst);
  if (crowds[(epoch + 1) % kCrowds].load(std::memory_order_seq_cst) != 0) return epoch;
  current.compare_exchange_strong(epoch, epoch + 1, std::memory_order_seq_cst);
  return epoch;
}

// The epoch in which the first of those who read now came.
std::uint64_t oldest_reader() noexcept {
  std::uint64_t oldest = kNobody;
  const std::size_t used = lines_used.load(std::memory_order_seq_cst);
  for (std::size_t i = 0; i < used; ++i) {
    const std::uint64_t entered = lines[i].entered.load(std::memory_order_seq_cst);
    if (entered != 0) oldest = std::min(oldest, entered);
  }
  const std::uint64_t epoch = current.load(std::memory_order_seq_cst);
  for (std::uint64_t back = 0; back < kCrowds && back < epoch; ++back) {
    if (crowds[(epoch - back) % kCrowds].load(std::memory_order_seq_cst) != 0)
      oldest = std::min(oldest, epoch - back);
  }
  return oldest;
}

void free_line(Line& line) noexcept {
  line.taken.store(false, std::memory_order_release);
  lines_taken.fetch_sub(1, std::memory_order_relaxed);
}

// Gives the line back when its thread ends. Whoever of that thread reads even later does so in the crowd.
void give_line_back(void* line) {
  this_thread.ends = true;
  this_thread.line = nullptr;
  free_line(*static_cast<Line*>(line));
}

// In the child of a fork there is one thread.
void forget_other_threads() noexcept {
  for (Line& line : lines) {
    if (&line == this_thread.line) continue;
    line.entered.store(0, std::memory_order_relaxed);
    line.taken.store(false, std::memory_order_relaxed);
  }
  lines_taken.store(this_thread.line == nullptr ? 0 : 1, std::memory_order_relaxed);
  const bool in_crowd = this_thread.depth > 0 && this_thread.line == nullptr;
  for (std::size_t i = 0; i < kCrowds; ++i)
    crowds[i].store(in_crowd && i == this_thread.crowd ? 1 : 0, std::memory_order_relaxed);
}

// Without memory for the handler, lines of threads that a child does not have delay what is freed there.
void watch_forks() noexcept {
  static const int registered = pthread_atfork(nullptr, nullptr, forget_other_threads);
  static_cast<void>(registered);
}

const model::EndOfThread end_of_thread(give_line_back);

void use_line(std::size_t number) noexcept {
  Line* const line = &lines[number];
  if (!end_of_thread.will_get(line)) return free_line(*line);
  std::size_t used = lines_used.load(std::memory_order_seq_cst);
  while (used <= number && !lines_used.compare_exchange_weak(used, number + 1, std::memory_order_seq_cst)) {
  }
  this_thread.line = line;
}

void take_line() noexcept {
  if (lines_taken.load(std::memory_order_relaxed) >= kLines) return;
  for (std::size_t i = 0; i < kLines; ++i) {
    if (lines[i].taken.load(std::memory_order_relaxed)) continue;
    if (lines[i].taken.exchange(true, std::memory_order_acquire)) continue;
    lines_taken.fetch_add(1, std::memory_order_relaxed);
    return use_line(i);
  }
}

// Counted for the epoch, unless another began meanwhile.
void join_crowd() noexcept {
  while (true) {
    const std::uint64_t epoch = current.load(std::memory_order_seq_cst);
    this_thread.crowd = static_cast<unsigned>(epoch % kCrowds);
    crowds[this_thread.crowd].fetch_add(1, std::memory_order_seq_cst);
    if (current.load(std::memory_order_seq_cst) == epoch) return;
    leave_crowd();
  }
}

}   // namespace

void enter_slowly() noexcept {
  if (!this_thread.ends) {
    watch_forks();
    take_line();
  }
  if (this_thread.line == nullptr) return join_crowd();
  announce(*this_thread.line);
}

void leave_crowd() noexcept {
  crowds[this_thread.crowd].fetch_sub(1, std::memory_order_release);
}

}   // namespace epochs

// One after the other: a long list would overflow the stack if each freed the next.
void Limbo::free(std::unique_ptr<Garbage> list) noexcept {
  while (list != nullptr) list = std::move(list->next_);
}

void Limbo::put(std::unique_ptr<Garbage> unlinked) noexcept {
  unlinked->epoch_ = epochs::advance();
  const model::MutexLock lock(mutex_);
  Garbage* const newest = unlinked.get();
  (newest_ == nullptr ? oldest_ : newest_->next_) = std::move(unlinked);
  newest_ = newest;
}

void Limbo::sweep() noexcept {
  std::unique_ptr<Garbage> unseen;   // freed when the lock is gone
  {
    const model::MutexLock lock(mutex_);
    if (oldest_ == nullptr) return;
    epochs::advance();   // where it was held up before
    unseen = take(epochs::oldest_reader());
  }
  free(std::move(unseen));
}

// The list's front, up to the first that somebody may see.
std::unique_ptr<Garbage> Limbo::take(std::uint64_t oldest_reader) noexcept {
  Garbage* last = nullptr;
  for (Garbage* at = oldest_.get(); at != nullptr && at->epoch_ < oldest_reader; at = at->next_.get())
    last = at;
  if (last == nullptr) return nullptr;
  std::unique_ptr<Garbage> rest = std::move(last->next_);
  if (rest == nullptr) newest_ = nullptr;
  return std::exchange(oldest_, std::move(rest));
}

Limbo::~Limbo() {
  free(std::move(oldest_));
}

}   // namespace usertags::index
