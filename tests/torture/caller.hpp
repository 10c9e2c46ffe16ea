// Caller: a thread of the row `linearizable`. It makes calls that chance chooses, of a store and of its follower, and
// notes each answer, between two ticks, as the judge wants it.
//
// Ticks come from one atomic counter. A clock would not do: a store that one core has made may not have reached
// another when the clock has, while a call whose end has the smaller number happens before the other's start, for the
// C++ memory model as well. The price is a fence before and behind each call, never within one.
#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "torture/judge.hpp"

namespace usertags::torture {

constexpr std::size_t kCallers = 8;
constexpr std::size_t kStayers = 24;   // users who are there from the first to the last

// Selectors that look at the presence of keys.
struct Asked {
  const char* text;
  std::uint8_t keys;
  std::uint8_t lacks;
};
constexpr std::array<Asked, 5> kAsked{
    {{"", 0, 0}, {"a", 1, 0}, {"!b", 0, 2}, {"a,!c", 1, 4}, {"!c,!d", 0, 12}}};

// A write, as the judge knows it.
struct Intent {
  std::size_t user = 0;
  Effect effect{};
  std::uint64_t token = 0;
};

// What all threads of a round share.
struct Shared {
  UserTagStore& store;
  UserTagStore* follower = nullptr;
  std::array<Selector, kAsked.size()> selectors{};
  const bool race;   // one thread publishes transactions of many users, and the others look at single ones
  // Callers write to all users of a selector; the log is kept whole, and there they find what they wrote.
  const bool walks;
  std::atomic<std::uint64_t> ticks = 1;

  Shared(UserTagStore& opened, UserTagStore* following, bool racing, bool walking)
      : store(opened), follower(following), race(racing), walks(walking) {
    for (std::size_t i = 0; i < kAsked.size(); ++i) selectors[i] = *Selector::parse(kAsked[i].text);
  }
};

// One thread. What throws Finding needs no judge.
class Caller {
 public:
  Caller(Shared& shared, std::size_t number, std::uint64_t seed);

  // All threads go on until they have so many ticks together: the fast ones beside the slow ones to the end.
  void run(std::uint64_t last_tick) {
    while (shared_.ticks.load() < last_tick) shared_.race ? race() : call();
  }
  void create(std::size_t user) {
    one({user, {.kind = Effect::Kind::create, .keys = any_keys(), .value = new_value()}});
  }
  void list(Source source);
  std::vector<Observation>& seen() { return seen_; }

 private:
  struct Ticks {
    std::uint64_t start;
    std::uint64_t end;
  };

  std::uint64_t dice(std::uint64_t sides) { return random_() % sides; }
  std::size_t any_user() { return dice(kJudgedUsers); }
  std::size_t any_comer() { return kStayers + dice(kJudgedUsers - kStayers); }
  std::uint8_t any_keys() { return static_cast<std::uint8_t>(1 + dice((1U << kJudgedKeys) - 1)); }
  std::uint32_t new_value() { return next_value_ += kCallers + 1; }
  std::string new_note() { return std::to_string(number_) + "-" + std::to_string(++notes_); }

  // As many ticks as the call has answers, before and behind it.
  template <class Call>
  auto timed(Call&& call, Ticks& ticks, std::uint64_t answers = 1) {
    ticks.start = shared_.ticks.fetch_add(answers);
    auto answer = call();
    ticks.end = shared_.ticks.fetch_add(answers);
    return answer;
  }
  Observation& note(Observation::Kind kind, Source source, const Ticks& ticks, std::uint32_t users,
                    std::uint64_t item = 0) {
    Observation& seen = seen_.emplace_back();
    seen.kind = kind, seen.source = source, seen.users = users;
    seen.start = ticks.start + item, seen.end = ticks.end + item;
    return seen;
  }
  Observation& claim(Source source, const Ticks& ticks, std::uint32_t users, const Question& question,
                     std::uint64_t answer) {
    Observation& seen = note(Observation::Kind::claim, source, ticks, users);
    seen.question = question, seen.told = answer;
    return seen;
  }
  void claim_at(Source source, const Ticks& ticks, std::uint64_t revision, const Question& question,
                std::uint64_t answer, std::uint32_t users = kEveryUser) {
    Observation& seen = claim(source, ticks, users, question, answer);
    seen.revision = revision, seen.at_revision = true;
  }

  void call();
  void race();
  void write();
  Effect any_patch();
  void guarded();
  void modify();
  void ensure();
  void modify_where();
  void delete_where();
  std::vector<Change> noted_changes(const Position& after, const std::string& note) const;
  void one(const Intent& intent);
  void each();
  void all();
  void same_request_again();
  void note_answer(const Intent& intent, const Result<Applied>& answer, const Ticks& ticks,
                   std::uint64_t item = 0);
  void note_refusal(const Intent& intent, const Error& error, const Ticks& ticks, std::uint64_t item);

  void ask(Source source);
  void find(Source source);
  void read(Source source);
  void find_each(Source source);
  void select(Source source);
  void count(Source source);
  void for_each(Source source);
  void facets(Source source);
  void plan(Source source);
  void stand(Source source);
  void changes(Source source);
  void history(Source source);
  void wait();
  void follow();
  void care();

  const UserTagStore& from(Source source) const {
    return source == Source::store ? shared_.store : *shared_.follower;
  }

  Shared& shared_;
  std::size_t number_;
  std::mt19937_64 random_;
  std::uint32_t next_value_;
  std::uint64_t notes_ = 0;
  std::array<std::string, kJudgedUsers> names_;
  std::vector<Observation> seen_;
};

}   // namespace usertags::torture
