// How long a write waits while the largest selector is evaluated over a million values of one key.
//
//   build/release/bench/hold_bench        1M users; USERTAGS_BENCH_USERS=N for another number
//
// The store is in memory, so that a write is judging and publishing alone. The count is given up at its deadline.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "harness.hpp"
#include "workload.hpp"

namespace usertags::bench {
namespace {

using Clock = std::chrono::steady_clock;

constexpr std::chrono::seconds kTime{8};
constexpr std::chrono::milliseconds kPause{2};   // between two writes

double ms_since(Clock::time_point start) {
  return std::chrono::duration<double, std::milli>(Clock::now() - start).count();
}

// Each user has a value of its own, of 200 characters.
void fill(UserTagStore& store, std::uint64_t users) {
  std::vector<Write> writes;
  for (std::uint64_t user = 0; user < users; ++user) {
    const std::string number = std::to_string(1'000'000 + user);
    writes.push_back(
        CreateUser{.external_id = "u" + number, .tags = {{"k", std::string(193, 'a') + number}}});
    if (writes.size() < 4'096 && user + 1 < users) continue;
    for (auto& result : store.apply_each(writes)) must(std::move(result));
    writes.clear();
  }
}

// Patterns that no value matches, and that each value is compared with to its end; nearly 64 KiB of them.
Selector largest_selector() {
  std::string text;
  for (std::size_t i = 0; text.size() < 65'000; ++i)
    text += (text.empty() ? "any(k~*" : ",k~*") + std::string(60 + i % 50, 'a') + "b*";
  return must(Selector::parse(text + ")"));
}

void measure(UserTagStore& store, const std::string& name) {
  std::vector<double> times;
  for (const auto end = Clock::now() + kTime; Clock::now() < end; std::this_thread::sleep_for(kPause)) {
    const auto start = Clock::now();
    must(store.create_user(name + std::to_string(times.size())));
    times.push_back(ms_since(start));
  }
  std::ranges::sort(times);
  std::printf("%-10s %6zu writes   median %7.3f ms   p99 %7.3f ms   longest %7.3f ms\n", name.c_str(),
              times.size(), times[times.size() / 2], times[times.size() * 99 / 100], times.back());
}

void run() {
  UserTagStore store = must(UserTagStore::open_in_memory());
  fill(store, user_count());
  const Selector selector = largest_selector();
  measure(store, "alone");
  const auto deadline = Clock::now() + kTime;
  std::string_view outcome = "ok";
  std::jthread asking([&] {
    const auto count = store.count(selector, {.deadline = deadline});
    if (!count) outcome = to_string(count.error().code());
  });
  measure(store, "meanwhile");
  asking.join();
  std::printf("the count was answered %.1f ms behind its deadline: %.*s\n", ms_since(deadline),
              static_cast<int>(outcome.size()), outcome.data());
}

}   // namespace
}   // namespace usertags::bench

int main() {
  usertags::bench::run();
  return 0;
}
