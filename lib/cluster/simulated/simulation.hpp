// Simulation: virtual time, chance by seed, and events. One of them runs at a time, and the same seed runs the same.
//
// An event may wait (sleep): others go on meanwhile, as on other machines, and it goes on where it was when its time has
// come. So a call of one node can last while others lead, and what it sent can arrive when it no longer waits. For that
// each event has a thread; but only one of all threads runs, the one whose turn it is.
//
// An event must not wait for anything but time: what another one holds, that one keeps until time has passed.
#pragma once

#include <semaphore.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <thread>
#include <utility>
#include <vector>

namespace usertags::cluster {

class Simulation {
 public:
  using Time = std::chrono::steady_clock::time_point;
  using Duration = std::chrono::steady_clock::duration;

  explicit Simulation(std::uint64_t seed) noexcept : random_(seed) {}
  Simulation(const Simulation&) = delete;
  Simulation& operator=(const Simulation&) = delete;
  ~Simulation();   // finishes

  Time now() const noexcept { return now_; }

  // The next number of the seed (SplitMix64): the same on every machine.
  std::uint64_t random() noexcept;
  std::uint64_t below(std::uint64_t bound) noexcept { return random() % bound; }
  bool chance(std::uint64_t per_mille) noexcept { return below(1000) < per_mille; }
  Duration up_to(Duration most) noexcept {
    return Duration(static_cast<std::int64_t>(below(static_cast<std::uint64_t>(most.count()) + 1)));
  }

  // The event throws nothing. Events of one time come in the order in which they were scheduled.
  void after(Duration delay, std::function<void()> event);

  // Time passes for whoever calls: within an event, or outside of all, where events come meanwhile.
  void sleep(Duration duration);

  // Those that have begun end, however long that takes; no other one begins.
  void finish();

 private:
  // POSIX: those of libstdc++ 12 spin.
  class Turn {
   public:
    Turn() noexcept { sem_init(&given_, 0, 0); }
    Turn(const Turn&) = delete;
    Turn& operator=(const Turn&) = delete;
    ~Turn() { sem_destroy(&given_); }
    void give() noexcept { sem_post(&given_); }
    void await() noexcept {
      while (sem_wait(&given_) != 0) {   // a signal
      }
    }

   private:
    sem_t given_;
  };
  // Runs one event after the other.
  struct Worker {
    Turn turn;
    std::function<void()> event;   // none: it is to end
    std::thread thread;
  };
  struct Next {
    std::function<void()> event;
    Worker* waits = nullptr;   // whose wait is over, instead
  };

  void schedule(Duration delay, Next next);
  void run();
  Worker* next_worker();
  void give_turn(Worker* worker);
  void pass_turn(Worker& self);
  Worker& idle_worker();
  void work(Worker& self);

  Time now_{};
  Time until_{};   // who is outside of all has the turn back when nothing is due any more
  bool is_finishing_ = false;
  std::uint64_t random_;
  std::uint64_t scheduled_ = 0;
  std::map<std::pair<Time, std::uint64_t>, Next> events_;
  std::vector<std::unique_ptr<Worker>> workers_;
  std::vector<Worker*> idle_;
  Worker* running_ = nullptr;   // none: who is outside of all events
  Turn outside_;
};

}   // namespace usertags::cluster
