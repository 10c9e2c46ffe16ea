// Fixed work, whose instructions are counted, on all threads: under valgrind --tool=callgrind, each workload is dumped
// alone, under its name. tools/guard compares the counts with those that are kept (instructions.txt).
//
// Everything is fixed: users, questions and the clock; the store is in memory. So a count moves only with the
// code, the compiler, or the libraries; and by what two threads take to wait for each other, which is little.
#include <valgrind/callgrind.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "../workload.hpp"
#include "model/tag_rules.hpp"

namespace usertags::bench {
namespace {

constexpr std::uint64_t kUsers = 20'000;
constexpr std::size_t kGroup = 256;
constexpr std::size_t kRounds = 20;

// What is computed must not be left out, although nobody looks at it.
volatile std::uint64_t sink;

template <class Work>
void collect(const char* name, Work&& work) {
  work();   // once before, so that no page is touched, and no buffer grows, for the first time
  CALLGRIND_ZERO_STATS;
  work();
  CALLGRIND_DUMP_STATS_AT(name);
}

template <class T>
T must(Result<T> result) {
  if (result) return *std::move(result);
  std::fprintf(stderr, "guard: %s\n", result.error().message().c_str());
  std::exit(1);
}

UserTagStore make_store() {
  Options options;
  options.clock = [] { return std::chrono::system_clock::time_point(std::chrono::hours(24 * 20'000)); };
  return must(UserTagStore::open_in_memory(options));
}

void apply_all(UserTagStore& store, const std::vector<Write>& writes) {
  for (auto& outcome : store.apply_each(writes)) must(std::move(outcome));
}

// Until the tag index has the last group.
void wait_for_index(const UserTagStore& store) {
  sink = sink + must(store.count(key("plan") == "p7")).count;
}

void load(UserTagStore& store) {
  std::vector<Write> writes;
  for (std::uint64_t user = 0; user < kUsers; ++user) {
    CreateUser write{external_id(user), {}, {}};
    for (std::size_t k = 0; k < kKeys.size(); ++k) write.tags.add(kKeys[k].key, first_value(user, k));
    writes.emplace_back(std::move(write));
  }
  apply_all(store, writes);
}

std::vector<Write> group(std::uint64_t number) {
  std::vector<Write> writes;
  for (std::uint64_t i = 0; i < kGroup; ++i) {
    const Patch patch = bench::patch(number * kGroup + i, kUsers);
    writes.emplace_back(PatchUser{external_id(patch.user), TagBatch().set(patch.key, patch.value), {}});
  }
  return writes;
}

// What another thread has left to do of the load it does before this.
void settle(UserTagStore& store) {
  apply_all(store, group(2 * kRounds));
  wait_for_index(store);
}

// --- The workloads. ---

void validate() {
  const std::string value(120, 'v');
  const std::string foreign = "Zürich, 東京, São Paulo";
  for (std::uint64_t i = 0; i < 2'000; ++i) {
    const auto broken = [&](const model::BrokenRules& rules) { sink = sink + !rules.empty(); };
    broken(model::check_key(kKeys[i % kKeys.size()].key));
    broken(model::check_value(value));
    broken(model::check_value(foreign));
  }
}

void plan(const UserTagStore& store, const std::vector<std::string>& users) {
  const TagBatch batch = TagBatch()
                             .create("region", "emea")
                             .update("tier", "gold")
                             .set("plan", "p1")
                             .set("team", "t2")
                             .erase("city");
  for (const std::string& user : users) sink = sink + must(store.plan(user, batch)).changed;
}

void apply(UserTagStore& store, std::vector<std::vector<Write>>& groups) {
  for (std::size_t i = 0; i < kRounds; ++i) {
    apply_all(store, groups.back());
    groups.pop_back();
  }
  wait_for_index(store);
}

void find(const UserTagStore& store, const std::vector<std::string>& users) {
  for (const std::string& user : users) {
    const User found = must(store.find(user));
    for (const auto [key, value] : found.tags()) sink = sink + key.size() + value.size();
  }
}

void count(const UserTagStore& store) {
  for (std::uint64_t i = 0; i < 200; ++i)
    sink =
        sink +
        must(store.count(key("plan") == value(kKeys[2], i) && key("team") == value(kKeys[3], i * 7))).count;
}

void select_page(const UserTagStore& store) {
  for (std::uint64_t i = 0; i < 50; ++i) {
    const Selector selector = must(Selector::parse("tier=" + value(kKeys[4], i) + ",plan!=p7"));
    sink = sink + must(store.select(selector, {.limit = 100, .after = {}})).users.size();
  }
}

void run() {
  collect("validate", [] { validate(); });
  UserTagStore store = make_store();
  load(store);
  settle(store);
  std::vector<std::string> users;
  for (std::uint64_t i = 0; i < 2'000; ++i) users.push_back(external_id(mix(i) % kUsers));
  std::vector<std::vector<Write>> groups;
  for (std::uint64_t i = 0; i < 2 * kRounds; ++i) groups.push_back(group(i));
  collect("plan", [&] { plan(store, users); });
  collect("apply", [&] { apply(store, groups); });
  collect("find", [&] { find(store, users); });
  collect("count", [&] { count(store); });
  collect("select", [&] { select_page(store); });
}

}   // namespace
}   // namespace usertags::bench

int main() {
  usertags::bench::run();
  return 0;
}
