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
    return pass_turn(*self);
  }
  until_ = now_ + duration;
  run();
  now_ = std::max(now_, until_);
}

void Simulation::finish() {
  is_finishing_ = true;
  until_ = Time::max();
  run();
  is_finishing_ = false;
}

// Gives the turn to the first event, and has it back when no other one is due.
void Simulation::run() {
  Worker* const first = next_worker();
  if (first == nullptr) return;
  give_turn(first);
  outside_.await();
}

// Whose turn is next: who has waited, or who begins with an event; null: who is outside of all.
Simulation::Worker* Simulation::next_worker() {
  while (is_finishing_ && !events_.empty() && events_.begin()->second.waits == nullptr)
    events_.erase(events_.begin());
  if (events_.empty() || events_.begin()->first.first > until_) return nullptr;
  auto first = events_.extract(events_.begin());
  now_ = std::max(now_, first.key().first);
  Next& next = first.mapped();
  if (next.waits != nullptr) return next.waits;
  Worker& worker = idle_worker();
  worker.event = std::move(next.event);
  return &worker;
}

void Simulation::give_turn(Worker* worker) {
  running_ = worker;
  (worker != nullptr ? worker->turn : outside_).give();
}

// Returns when it has come back.
void Simulation::pass_turn(Worker& self) {
  Worker* const next = next_worker();
  if (next == &self) return;
  give_turn(next);
  self.turn.await();
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
  self.turn.await();
  while (self.event) {
    std::exchange(self.event, nullptr)();
    idle_.push_back(&self);   // and the first to be taken: most events follow on another without a switch
    pass_turn(self);
  }
}

}   // namespace usertags::cluster
