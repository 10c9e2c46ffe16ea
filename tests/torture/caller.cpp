// What a Caller does next. Its writes are in caller_writes.cpp, its reads in caller_reads.cpp.
#include "torture/caller.hpp"

#include <chrono>

#include "support/answers.hpp"
#include "torture/observed.hpp"

namespace usertags::torture {

using test::must;
using View = Question::View;

Caller::Caller(Shared& shared, std::size_t number, std::uint64_t seed)
    : shared_(shared), number_(number), random_(seed), next_value_(static_cast<std::uint32_t>(number + 1)) {
  for (std::size_t user = 0; user < kJudgedUsers; ++user) names_[user] = name_of(user);
}

void Caller::care() {
  switch (dice(4)) {
    case 0: return must(shared_.store.checkpoint());
    case 1: {
      Ticks ticks{};
      const VerifyReport report = must(timed([&] { return shared_.store.verify(); }, ticks));
      require(report.ok(), report.ok() ? "" : report.problems.front().what);
      return claim_at(Source::store, ticks, report.revision, {.view = View::count}, report.users);
    }
    default: return must(shared_.store.maintain(std::chrono::milliseconds(1)));
  }
}

void Caller::call() {
  if (dice(2'000) == 0) return care();
  if (dice(4) == 0) return write();
  ask(shared_.follower != nullptr && dice(4) == 0 ? Source::follower : Source::store);
}

void Caller::race() {
  if (number_ == 0) return all();
  if (shared_.follower != nullptr && number_ == 1) return follow();
  const Source source = shared_.follower != nullptr && dice(2) == 0 ? Source::follower : Source::store;
  if (dice(20) == 0) return ask(source);
  dice(2) == 0 ? find(source) : read(source);
}

}   // namespace usertags::torture
