// This library, with its default options: nothing is tuned.
#include <fmt/format.h>

#include <chrono>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "contenders.hpp"
#include "must.hpp"
#include "tag_sum.hpp"

namespace usertags::bench {
namespace {

std::uint64_t sum(const User& user) {
  std::uint64_t sum = 0;
  for (const auto [key, value] : user.tags()) sum += tag_sum(key, value);
  return sum;
}

Outcome refusal(const Error& error) {
  switch (error.code()) {
    case ErrorCode::user_not_found: return Outcome::no_user;
    case ErrorCode::revision_mismatch: return Outcome::stale;
    case ErrorCode::batch_refused: return Outcome::no_key;
    default: throw std::runtime_error("usertags: " + error.message());
  }
}

class Usertags : public Contender {
 public:
  explicit Usertags(const Place& place, const usertags::Options& options = {})
      : store_(must(UserTagStore::open(place.folder / "users.db", options))) {}
  ~Usertags() override { static_cast<void>(store_.close()); }

  void load(std::span<const NewUser> users) override {
    std::vector<Write> writes;
    writes.reserve(users.size());
    for (const NewUser& user : users) writes.emplace_back(CreateUser{user.external_id, user.tags, {}});
    for (auto& outcome : store_.apply_each(writes)) must(std::move(outcome));
  }
  void finish_load() override {}

  void update(std::span<const Update> updates, std::span<Answer> answers) override {
    if (updates.size() == 1) {
      const Update& only = updates.front();
      answers.front() = answer(store_.apply(only.external_id, batch(only), {only.expected_version, {}}));
      return;
    }
    std::vector<Write> writes;
    writes.reserve(updates.size());
    for (const Update& update : updates)
      writes.emplace_back(PatchUser{update.external_id, batch(update), {update.expected_version, {}}});
    const auto outcomes = store_.apply_each(writes);
    for (std::size_t i = 0; i < outcomes.size(); ++i) answers[i] = answer(outcomes[i]);
  }

  Found find(std::string_view external_id) override {
    const auto user = store_.find(UserRef::external_id(external_id));
    return user ? Found{sum(*user), user->revision()} : Found{};
  }

  std::uint64_t look_at(std::string_view external_id) override {
    std::uint64_t tags = 0;
    must(store_.read(UserRef::external_id(external_id), [&](const UserView& user) {
      for (const auto [key, value] : user.tags()) tags += tag_sum(key, value);
    }));
    return tags;
  }

  std::uint64_t count(Tag one, Tag other) override {
    return must(store_.count(key(one.key) == one.value && key(other.key) == other.value)).count;
  }

  bool takes_threads() const override { return true; }

  std::uint64_t memory_bytes() override {
    const Stats stats = store_.stats();
    return stats.record_bytes + stats.directory_bytes + stats.tag_index_bytes;
  }

  std::string memory_parts() override {
    const Stats stats = store_.stats();
    const auto each = [&](std::uint64_t bytes) {
      return static_cast<double>(bytes) / static_cast<double>(stats.users);
    };
    return fmt::format(
        "{:.0f} bytes a user in records, {:.0f} in directory and order, {:.0f} in the tag index.",
        each(stats.record_bytes), each(stats.directory_bytes), each(stats.tag_index_bytes));
  }

  std::string longest_waits() override {
    const Stats stats = store_.stats();
    const auto ms = [](const Latency& latency) {
      return std::chrono::duration<double, std::milli>(latency.max).count();
    };
    return fmt::format(
        "usertags' longest waits since it was opened, warm-up included: a commit {:.1f} ms, a single sync "
        "{:.1f} ms, "
        "a checkpoint {:.1f} ms.",
        ms(stats.commit), ms(stats.sync), ms(stats.checkpoint));
  }

 protected:
  static TagBatch batch(const Update& update) { return TagBatch().update(update.key, update.value); }
  static Answer answer(const Result<Applied>& outcome) {
    if (outcome) return {Outcome::applied, sum(*outcome->user)};
    return {refusal(outcome.error()), 0};
  }

  UserTagStore store_;
};

// One patch is submitted after the other, and the host goes on without waiting. Either it drains when so many are
// under way as apply_each is given at once, or a thread of the store commits them meanwhile.
class Submitting final : public Usertags {
 public:
  Submitting(const Place& place, bool has_thread)
      : Usertags(place, {.commit_thread = has_thread}), has_thread_(has_thread) {}

  void update(std::span<const Update> updates, std::span<Answer> answers) override {
    for (std::size_t i = 0; i < updates.size(); ++i) {
      const Update& update = updates[i];
      std::vector<Write> one;
      one.emplace_back(PatchUser{update.external_id, batch(update), {update.expected_version, {}}});
      must(store_.submit(std::move(one), [&told = answers[i]](std::vector<Result<Applied>>&& outcomes) {
        told = answer(outcomes.front());
      }));
      if (!has_thread_ && (i + 1) % kInFlight == 0) must(store_.drain());
    }
    must(store_.drain());
  }

 private:
  static constexpr std::size_t kInFlight = 256;

  const bool has_thread_;
};

}   // namespace

std::unique_ptr<Contender> make_usertags(const Place& place) {
  return std::make_unique<Usertags>(place);
}

std::unique_ptr<Contender> make_submitting(const Place& place) {
  return std::make_unique<Submitting>(place, false);
}

std::unique_ptr<Contender> make_submitting_to_thread(const Place& place) {
  return std::make_unique<Submitting>(place, true);
}

}   // namespace usertags::bench
