// Judge: says what a write comes to (docs/semantics.md, "Order of judgement"), against what is published plus
// what earlier writes of the same group decided. It never touches the file. One thread at a time.
//
// Answers that hosts have to expect (no such user, a refused batch) are values; memory that runs out is
// thrown.
#pragma once

#include <optional>
#include <string>
#include <variant>

#include <usertags/options.hpp>
#include <usertags/write.hpp>

#include "index/projection.hpp"
#include "model/batch_plan.hpp"
#include "store/entropy.hpp"
#include "store/pending_group.hpp"
#include "store/request.hpp"

namespace usertags::store {

// Of a reference that names nobody: made only then.
Error user_not_found(const UserRef& user);

class Judge {
 public:
  Judge(const Limits& limits, const index::Projection& projection)
      : projection_(projection), planner_(limits) {}

  // The answer to the write, should the group be committed. A change is added to the group. `item` is the
  // index that violations bear.
  Result<Applied> judge(const WriteView& write, std::optional<std::size_t> item, PendingGroup& group);

  // What a patch would come to now: judge() with nothing added, and the revision that it would have got.
  Result<Applied> plan(const PatchView& patch);

 private:
  Result<Applied> create(const CreateView& write, PendingGroup& group);
  Result<Applied> patch(const PatchView& write, PendingGroup& group);
  Result<Applied> erase(const DeleteView& write, PendingGroup& group);

  // The living user that is meant, as the group leaves it so far; null where there is none.
  model::RecordPtr current(const UserRef& user, const PendingGroup& group) const;
  // The user that the batch may be applied to, with the batch planned; else why not.
  Result<model::RecordPtr> plan_patch(const PatchView& write, const PendingGroup& group);
  Error refused();

  const index::Projection& projection_;
  model::BatchPlanner planner_;
  Entropy entropy_;
  std::string patch_;   // the merge patch under construction
  std::optional<std::size_t> item_;
};

}   // namespace usertags::store
