#include "write_group.hpp"

#include <utility>

namespace usertags::command {

namespace {

// Without the place in the group, which means nothing to whoever wrote the line.
Result<Applied> alone(Result<Applied> outcome) {
  if (outcome || outcome.error() != ErrorCode::batch_refused) return outcome;
  Error::Details details = outcome.error().details();
  for (Violation& violation : details.violations) violation.item.reset();
  return std::unexpected(Error(ErrorCode::batch_refused, std::move(details)));
}

}   // namespace

void WriteGroup::add(Result<Write> write) {
  if (write) {
    writes_.push_back(*std::move(write));
    refusals_.emplace_back();
  } else {
    refusals_.emplace_back(write.error());
  }
}

std::vector<Result<Applied>> WriteGroup::commit(UserTagStore& store) {
  auto applied = store.apply_each(writes_);
  auto next = applied.begin();
  std::vector<Result<Applied>> outcomes;
  outcomes.reserve(refusals_.size());
  for (std::optional<Error>& refusal : refusals_) {
    if (refusal) {
      outcomes.emplace_back(std::unexpected(*std::move(refusal)));
    } else if (next != applied.end()) {
      outcomes.push_back(alone(*std::move(next++)));
    } else {
      outcomes.emplace_back(std::unexpected(Error(ErrorCode::out_of_memory)));   // and nothing was applied
    }
  }
  refusals_.clear();
  writes_.clear();
  return outcomes;
}

}   // namespace usertags::command
