#include "terminal/signals.hpp"

#include <poll.h>
#include <unistd.h>
#include <algorithm>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace usertags::command {

namespace {

std::atomic<bool> deferred = false;
std::atomic<int> received = 0;
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

int exit_code_of(int signal_number) {
  return 128 + signal_number;
}

// Runs once for each signal: SA_RESETHAND puts the default action back.
void on_signal(int signal_number) {
  if (!deferred) _exit(exit_code_of(signal_number));
  received = signal_number;
}

void handle(int signal_number) {
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);   // and no SA_RESTART: waiting for input ends
  sigaction(signal_number, &action, nullptr);
}

}   // namespace

void install_signal_handlers() {
  handle(SIGINT);
  handle(SIGTERM);
  std::signal(SIGPIPE, SIG_IGN);
  std::signal(SIGXFSZ, SIG_IGN);   // writing fails instead, and is told as every other failure
}

void defer_interruptions() {
  deferred = true;
}

bool interrupted() {
  return received != 0;
}

int interrupted_exit_code() {
  return exit_code_of(received);
}

namespace {

// Waits for what `poll` tells to wait for, until it answers. No interruption is lost between question and wait.
template <class Poll>
bool wait(Poll poll) {
  sigset_t stopping;
  sigset_t before;
  sigemptyset(&stopping);
  sigaddset(&stopping, SIGINT);
  sigaddset(&stopping, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &stopping, &before);
  while (!interrupted() && poll(&before) < 0 && errno == EINTR) {
  }
  pthread_sigmask(SIG_SETMASK, &before, nullptr);
  return !interrupted();
}

}   // namespace

bool wait_for_input(int fd) {
  pollfd input{.fd = fd, .events = POLLIN, .revents = 0};
  return wait([&](const sigset_t* signals) { return ppoll(&input, 1, nullptr, signals); });
}

bool wait_until(std::chrono::steady_clock::time_point moment) {
  return wait([&](const sigset_t* signals) {
    const auto left = std::max(std::chrono::nanoseconds(0), moment - std::chrono::steady_clock::now());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    const timespec time{.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
    return ppoll(nullptr, 0, &time, signals);
  });
}

}   // namespace usertags::command
