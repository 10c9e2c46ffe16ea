// Judge: says what a write comes to (docs/semantics.md, "Order of judgement"), against what is published plus
// what earlier writes of the same group decided. It never touches the file. One thread at a time.
//
// Answers that hosts have to expect (no such user, a refused batch) are values; memory that runs out is
// thrown.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>

#include <usertags/settings.hpp>
#include <usertags/write.hpp>

#include "model/batch_plan.hpp"
#include "store/file/entropy.hpp"
#include "store/memory/memory.hpp"
#include "store/write/pending_group.hpp"
#include "store/write/request.hpp"

namespace usertags::store {

// Why the user is not at the revision that the options expect, if they do.
std::optional<Error> check_revision(const model::Record& user, const ApplyOptions& options);
// Why no write can bear the note, if it bears one.
std::optional<Error> check_note_of(const ApplyOptions& options);

class Judge {
 public:
  // `blocks`: of the store, for who leads.
  explicit Judge(const Memory& memory, model::RecordBlocks* blocks = nullptr)
      : memory_(memory), blocks_(blocks) {}

  // Before the first write of a group, which is judged by these settings. `allowance`: how much memory its
  // writes may take, by their estimates (memory_budget.hpp).
  void begin_group(const Settings& settings, std::int64_t allowance) noexcept {
    use(settings, allowance);
    begun_at_ = std::chrono::steady_clock::now();
  }

  // The answer to the write, should the group be committed; `timeout` where its deadline was before the group
  // began. A change is added to the group, and so is a token. `item` is the index that violations bear.
  Result<Applied> judge(const WriteView& write, std::optional<std::size_t> item, PendingGroup& group);

  // What is judged while it lives is applied whole, or not at all.
  class AllOrNone;

  // What a patch would come to now, by these settings: judge() with nothing added, and the revision that it
  // would have got. Of one moment: token, user and revision belong together. Any thread, with a judge of its
  // own.
  Result<Applied> plan(const PatchView& patch, const Settings& settings);
  // What is answered to the request because its token is known; none where it is not, or bears none. Likewise.
  std::optional<Result<Applied>> recall(const WriteView& write);

 private:
  void use(const Settings& settings, std::int64_t allowance) noexcept {
    planner_.use(settings);
    allowance_ = allowance;
  }

  Result<Applied> decide(const WriteView& write, PendingGroup& group);
  Result<Applied> create(const CreateView& write, PendingGroup& group);
  Result<Applied> patch(const PatchView& write, PendingGroup& group);
  Result<Applied> erase(const DeleteView& write, PendingGroup& group);
  Result<Applied> plan_now(const PatchView& write);

  // The living user that is meant, as the group leaves it so far; null where there is none.
  model::RecordPtr current(const UserRef& user, const PendingGroup& group) const;
  model::RecordPtr current(std::uint32_t ordinal, const PendingGroup& group) const;
  // The user that the batch may be applied to, with the batch planned; else why not.
  Result<model::RecordPtr> plan_patch(const PatchView& write, const PendingGroup& group);
  // Why the user cannot be the one; none where it can.
  std::optional<Error> check_user(const model::Record* user, const UserRef& named,
                                  const ApplyOptions& options);
  Error refused();
  // Why memory has no room for what takes so much; none where it has, or where all that it does is to remove.
  std::optional<Error> check_room(std::int64_t growth, bool only_removes, const PendingGroup& group) const;

  // Why there can be no further change that takes so much; none where there can.
  std::optional<Error> check_change(std::int64_t growth, bool only_removes, const PendingGroup& group) const;

  // What is answered to a request whose token is known; none where it is not.
  std::optional<Result<Applied>> recall(const WriteView& write, const PendingGroup& group);
  Result<Applied> replay(const index::TokenOutcome& known, const PendingGroup& group) const;

  const Memory& memory_;
  model::RecordBlocks* const blocks_;
  std::int64_t allowance_ = MemoryBudget::kUnlimited;
  std::chrono::steady_clock::time_point begun_at_;
  model::BatchPlanner planner_;
  RequestDigester digest_;
  Entropy entropy_;
  std::optional<std::size_t> item_;

  AllOrNone* transaction_ = nullptr;   // the one under way
};

// A user may be named once. At its end, where one of its writes has failed, none is in the group any more.
class Judge::AllOrNone {
 public:
  AllOrNone(Judge& judge, PendingGroup& group)
      : judge_(judge), group_(group), beginning_(group.begin_transaction()) {
    judge_.transaction_ = this;
  }
  AllOrNone(const AllOrNone&) = delete;
  AllOrNone& operator=(const AllOrNone&) = delete;
  ~AllOrNone() { judge_.transaction_ = nullptr; }

  // The outcomes of all its writes. Each becomes the failure, where there is one.
  void end(std::span<Result<Applied>> outcomes);

 private:
  friend class Judge;
  // Why the write may not name the user.
  std::optional<Error> name(const model::Record& user, std::size_t item);
  bool has_created(const model::Record& user) const noexcept {
    return user.ordinal() > beginning_.state.last_ordinal;
  }

  Judge& judge_;
  PendingGroup& group_;
  const PendingGroup::Beginning beginning_;
  boost::unordered_flat_map<std::uint32_t, std::size_t> named_by_;   // ordinal to item
};

}   // namespace usertags::store
