#include "cluster/simulated/simulation.hpp"

#include <algorithm>

namespace usertags::cluster {

Simulation::~Simulation() {
  finish();
  for (Worker* worker : idle_) worker->turn.give();   // without an event
  for (const auto& worker : workers_) worker->thread.join();
}

std::uint64_t Simulation::random() noexcept {
  std::uint64_t z = random_ += 0x9e3779b97f4a7c15;
  z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
  z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
  return z ^ (z >> 31);
}

void Simulation::schedule(Duration delay, Next next) {
  events_.emplace(std::pair(now_ + delay, scheduled_++), std::move(next));
}

void Simulation::after(Duration delay, std::function<void()> event) {
  schedule(delay, {std::move(event), nullptr});
}

void Simulation::sleep(Duration duration) {
  if (Worker* const self = running_) {
    schedule(duration, {{}, self});
    has_yielded_.give();
    self->turn.await();
    return;
  }
  const Time end = now_ + duration;
  while (!events_.empty() && events_.begin()->first.first <= end) run_first();
  now_ = std::max(now_, end);
}

void Simulation::finish() {
  std::erase_if(events_, [](const auto& event) { return event.second.waits == nullptr; });
  while (begun_ > 0) {
    run_first();
    std::erase_if(events_, [](const auto& event) { return event.second.waits == nullptr; });
  }
}

void Simulation::run_first() {
  auto first = events_.extract(events_.begin());
  now_ = std::max(now_, first.key().first);
  Next& next = first.mapped();
  if (next.waits != nullptr) return give_turn(*next.waits);
  Worker& worker = idle_worker();
  worker.event = std::move(next.event);
  ++begun_;
  give_turn(worker);
}

// Returns when it waits for time, or its event has ended.
void Simulation::give_turn(Worker& worker) {
  running_ = &worker;
  worker.turn.give();
  has_yielded_.await();
  running_ = nullptr;
}

Simulation::Worker& Simulation::idle_worker() {
  if (!idle_.empty()) {
    Worker& worker = *idle_.back();
    idle_.pop_back();
    return worker;
  }
  Worker& worker = *workers_.emplace_back(std::make_unique<Worker>());
  worker.thread = std::thread([this, &worker] { work(worker); });
  return worker;
}

void Simulation::work(Worker& self) {
  while (true) {
    self.turn.await();
    if (!self.event) return;
    self.event();
    self.event = nullptr;
    --begun_;
    idle_.push_back(&self);
    has_yielded_.give();
  }
}

}   // namespace usertags::cluster
