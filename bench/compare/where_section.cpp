// A batch for all users of a selector: how much slower than the same writes in a list, and whom it disturbs.
#include <atomic>
#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "../workload.hpp"
#include "measure.hpp"
#include "must.hpp"
#include "sections.hpp"

namespace usertags::bench {
namespace {

constexpr std::uint32_t kUsers = 200'000;   // every other one is meant
constexpr std::uint32_t kMeant = kUsers / 2;

std::string name_of(std::uint32_t user) {
  return "user_ext_" + std::to_string(user);
}

UserTagStore filled(const std::filesystem::path& path) {
  UserTagStore store = must(UserTagStore::open(path));
  std::vector<Write> writes;
  for (std::uint32_t user = 0; user < kUsers; ++user) {
    writes.emplace_back(CreateUser{name_of(user),
                                   {{"tier", user % 2 == 0 ? "trial" : "gold"},
                                    {"team", "team " + std::to_string(user % 100)},
                                    {"seen", "never"},
                                    {"n", std::to_string(user)}},
                                   {}});
  }
  for (auto& answer : store.apply_each(writes)) must(std::move(answer));
  return store;
}

TagBatch batch_of(std::size_t round) {
  return TagBatch().set("seen", std::to_string(round));
}

double where_us(UserTagStore& store, std::size_t round) {
  const Selector trial = key("tier") == "trial";
  const Stopwatch stopwatch;
  const WhereOutcome outcome = store.apply_where(trial, batch_of(round), {.at_most = kMeant});
  const double us = stopwatch.us();
  if (outcome.changed != kMeant) throw std::runtime_error("apply_where has changed others");
  return us / kMeant;
}

// What a host would have done: the same writes, all in one call.
double each_us(UserTagStore& store, std::size_t round) {
  std::vector<Write> writes;
  for (std::uint32_t user = 0; user < kUsers; user += 2)
    writes.emplace_back(PatchUser{name_of(user), batch_of(round), {}});
  const Stopwatch stopwatch;
  const auto answers = store.apply_each(writes);
  const double us = stopwatch.us();
  for (const auto& answer : answers) {
    if (!answer || !answer->changed) throw std::runtime_error("apply_each has not changed all");
  }
  return us / kMeant;
}

// The time of each look-up of a user chosen evenly, as long as it is wanted.
Times lookups_while(const UserTagStore& store, const std::atomic<bool>& wanted) {
  Times times;
  for (std::uint64_t i = 0; wanted; ++i) {
    const std::string user = name_of(static_cast<std::uint32_t>(mix(i) % kUsers));
    const Stopwatch stopwatch;
    if (!store.find(user)) throw std::runtime_error("usertags lost " + user);
    times.push_back(stopwatch.us());
  }
  return times;
}

template <class Work>
Times lookups_beside(const UserTagStore& store, Work&& work) {
  std::atomic<bool> wanted = true;
  Times times;
  {
    const std::jthread reader([&] { times = lookups_while(store, wanted); });
    work();
    wanted = false;
  }
  return times;
}

}   // namespace

void writes_to_all_of_a_selector(Run& run) {
  const std::filesystem::path folder = run.folder / "where";
  std::filesystem::create_directories(folder);
  {
    UserTagStore store = filled(folder / "users.db");
    std::size_t round = 0;
    where_us(store, ++round), each_us(store, ++round);
    Times where;
    Times each;
    Times alone;
    Times beside;
    for (std::size_t i = 0; i < run.options.rounds; ++i) {
      where.push_back(where_us(store, ++round));
      each.push_back(each_us(store, ++round));
      double took = 0;
      beside.push_back(
          percentile(lookups_beside(store, [&] { took = where_us(store, ++round) * kMeant; }), 0.99));
      const auto idle = [&] {
        std::this_thread::sleep_for(std::chrono::microseconds(static_cast<std::int64_t>(took)));
      };
      alone.push_back(percentile(lookups_beside(store, idle), 0.99));
    }
    run.report.within("P15 a batch for 100,000 users of a selector, vs apply_each", "µs", median(where),
                      median(each), 1.25);
    run.report.within("P15 p99 of find beside it, vs alone", "µs", median(beside), median(alone), 3);
  }
  std::filesystem::remove_all(folder);
}

}   // namespace usertags::bench
