// BareGroup: the least that threads do which share syncs, and wait. Each brings some bytes; the first who comes leads:
// writes the bytes of all who wait, syncs, wakes them, and hands the lead to one who came meanwhile.
#pragma once

#include <semaphore.h>

#include <cstdint>
#include <functional>
#include <mutex>
#include <utility>
#include <vector>

namespace usertags::bench {

class BareGroup {
 public:
  // `write` makes so many bytes durable; one thread at a time calls it.
  explicit BareGroup(std::function<void(std::uint64_t)> write) : write_(std::move(write)) {}

  // Returns when the bytes are durable.
  void write(std::uint64_t bytes);

 private:
  struct Waiter {
    Waiter() noexcept { sem_init(&woken, 0, 0); }
    Waiter(const Waiter&) = delete;
    Waiter& operator=(const Waiter&) = delete;
    ~Waiter() { sem_destroy(&woken); }

    std::uint64_t bytes = 0;
    bool leads = false;
    sem_t woken;
  };

  bool queue_up(Waiter& self);
  std::vector<Waiter*> take_all();
  void hand_over();

  const std::function<void(std::uint64_t)> write_;
  std::mutex mutex_;
  std::vector<Waiter*> waiting_;
  bool is_led_ = false;
};

}   // namespace usertags::bench
