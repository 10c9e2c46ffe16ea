#include "terminal/signals.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>
#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <csignal>

namespace usertags::command {

namespace {

std::atomic<bool> deferred = false;
std::atomic<int> received = 0;
std::atomic<int> waiting_ends = -1;   // an eventfd; it stays readable. It wakes whichever thread waits
static_assert(std::atomic<bool>::is_always_lock_free && std::atomic<int>::is_always_lock_free);

int exit_code_of(int signal_number) {
  return 128 + signal_number;
}

// Runs once for each signal: SA_RESETHAND puts the default action back.
void on_signal(int signal_number) {
  if (!deferred) _exit(exit_code_of(signal_number));
  received = signal_number;
  const int before = errno;
  end_waiting();
  errno = before;
}

void handle(int signal_number) {
  struct sigaction action{};
  action.sa_handler = on_signal;
  action.sa_flags = static_cast<int>(SA_RESETHAND);   // and no SA_RESTART: reading ends
  sigaction(signal_number, &action, nullptr);
}

}   // namespace

void install_signal_handlers() {
  waiting_ends = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
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

void end_waiting() {
  eventfd_write(waiting_ends, 1);   // async-signal-safe
}

bool wait_for_input(int fd) {
  std::array<pollfd, 2> either{
      {{.fd = fd, .events = POLLIN, .revents = 0}, {.fd = waiting_ends, .events = POLLIN, .revents = 0}}};
  while (poll(either.data(), either.size(), -1) < 0 && errno == EINTR) {
  }
  return either[1].revents == 0;
}

bool wait_until(std::chrono::steady_clock::time_point moment) {
  pollfd end{.fd = waiting_ends, .events = POLLIN, .revents = 0};
  timespec time{};
  do {
    const auto left = std::max(std::chrono::nanoseconds(0), moment - std::chrono::steady_clock::now());
    const auto seconds = std::chrono::floor<std::chrono::seconds>(left);
    time = {.tv_sec = seconds.count(), .tv_nsec = (left - seconds).count()};
  } while (ppoll(&end, 1, &time, nullptr) < 0 && errno == EINTR);
  return end.revents == 0;
}

}   // namespace usertags::command
