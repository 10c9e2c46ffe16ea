#include "store/where.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "index/selector_slices.hpp"
#include "store/write/judge.hpp"

namespace usertags::store {
namespace {

Error invalid(std::string what, std::string remedy = {}) {
  return {ErrorCode::invalid_argument, Error::Details{.what = std::move(what), .remedy = std::move(remedy)}};
}

// A refusal of one write, after which the next may fare better. Whatever else a write answers is about the store.
bool concerns_one_user(ErrorCode code) noexcept {
  return code == ErrorCode::batch_refused || code == ErrorCode::revision_mismatch ||
         code == ErrorCode::user_not_found || code == ErrorCode::memory_budget_exceeded ||
         code == ErrorCode::transaction_too_large || code == ErrorCode::invalid_argument;
}

// As a call with one write would have said it: there is no list of writes that the caller could count in. Without
// memory for the details, the code is told.
Error without_items(const Error& error) noexcept {
  try {
    Error::Details details = error.details();
    details.item.reset();
    for (Violation& violation : details.violations) violation.item.reset();
    return {error.code(), std::move(details)};
  } catch (const std::bad_alloc&) {
    return error.code();
  }
}

}   // namespace

Result<void> WhereWalk::run(const Selector& selector, const WhereOptions& options, const WhereWork& work,
                            WhereOutcome& outcome) {
  outcome.next = options.after;
  const auto node = selector::SelectorAccess::node(selector);
  if (!node) return std::unexpected(node.error());
  if (selector.text().empty() && !options.everybody) {
    return std::unexpected(
        invalid("the selector is empty and means every user", "say that everybody is meant"));
  }
  if (auto wrong = check_note_of({.note = options.note})) return std::unexpected(*std::move(wrong));
  selector_ = *node;
  binding_ = {store_id_, CursorKind::select, query_hash({selector.text()})};
  options_ = &options;
  work_ = work;
  outcome_ = &outcome;
  const auto after = options.after ? decode_ordinal(binding_, options.after->text()) : 0;
  if (!after) return std::unexpected(bad_cursor());
  room_for_next_ = encode_cursor(binding_, 0).text();
  try {
    auto done = walk(*after);
    tell_next(done.has_value());
    return done;
  } catch (...) {
    tell_next(false);
    throw;
  }
}

void WhereWalk::tell_next(bool all_are_done) noexcept {
  if (all_are_done)
    outcome_->next.reset();
  else if (last_done_)
    outcome_->next = encode_cursor(binding_, *last_done_, std::move(room_for_next_));
}

Result<void> WhereWalk::walk(std::uint32_t after) {
  const std::vector<std::uint32_t> users = projection_.all_matching(*selector_, after, options_->deadline);
  if (options_->at_most && users.size() > *options_->at_most) {
    return std::unexpected(invalid("the selector matches " + std::to_string(users.size()) +
                                       " users, which is more than " + std::to_string(*options_->at_most),
                                   "see whom it matches, or allow for more"));
  }
  for (std::size_t done = 0; done < users.size();) {
    index::require_before(options_->deadline);
    const auto group = std::span(users).subspan(done, std::min(kGroup, users.size() - done));
    if (auto stopped = write_group(group)) return std::unexpected(*std::move(stopped));
    done += group.size();
    last_done_ = group.back();
    const bool goes_on = !options_->progress || options_->progress(done, users.size());
    if (!goes_on && done < users.size()) return std::unexpected(ErrorCode::cancelled);
  }
  return {};
}

std::optional<Error> WhereWalk::write_group(std::span<const std::uint32_t> group) {
  std::vector<std::uint32_t> left(group.begin(), group.end());
  again_.reserve(left.size());   // once something is written, nothing may be short of memory
  for (int tries = 1; !left.empty(); ++tries) {
    std::optional<Error> stopped = look_and_write(left);
    if (stopped) {
      if (tries > 1) refuse_all(left, *stopped);
    } else {
      stopped = settle(tries == 1, tries == kMaxTries);
    }
    if (stopped && tries > 1) last_done_ = group.back();
    if (stopped) return stopped;
    left.assign(again_.begin(), again_.end());
  }
  return std::nullopt;
}

// Why nothing of it was written; none where it was, whatever the answers are.
std::optional<Error> WhereWalk::look_and_write(std::span<const std::uint32_t> ordinals) noexcept {
  try {
    if (!look(ordinals)) return ErrorCode::cancelled;
    answers_.assign(writes_.size(), std::unexpected(Error(ErrorCode::store_closed)));
    if (!writes_.empty()) writer_(writes_, answers_);
    return std::nullopt;
  } catch (const std::bad_alloc&) {
    return ErrorCode::out_of_memory;
  }
}

// Calls function(const Record&) for those whom the selector still matches, each in its turn.
template <class Function>
void WhereWalk::visit_meant(std::span<const std::uint32_t> ordinals, Function&& function) const {
  projection_.visit_each(ordinals, [&](const model::Record& user) {
    if (index::matches(*selector_, user)) function(user);
  });
}

// False where the function could not decide.
bool WhereWalk::look(std::span<const std::uint32_t> ordinals) {
  turns_.clear();
  turns_.reserve(ordinals.size());   // they stay where they are
  writes_.clear();
  bool has_decided = true;
  visit_meant(ordinals, [&](const model::Record& user) { has_decided = has_decided && take_up(user); });
  return has_decided;
}

bool WhereWalk::take_up(const model::Record& user) {
  Turn& turn = turns_.emplace_back(model::RecordPtr::share(user));
  if (work_.decide != nullptr) {
    if (!(*work_.decide)(model::UserAccess::user(user.copy()), turn.batch)) return false;
    if (!turn.batch) return true;
  }
  turn.options = {
      .expected_revision = user.revision(), .note = options_->note, .deadline = options_->deadline};
  turn.write = writes_.size();
  writes_.push_back(write_of(turn));
  return true;
}

// By external id, which is looked up faster. Somebody else who has it by then has another revision.
WriteView WhereWalk::write_of(const Turn& turn) const noexcept {
  const UserRef user = UserRef::external_id(turn.user->external_id());
  if (work_.deletes()) return DeleteView{user, turn.options};
  return PatchView{user, turn.batch ? *turn.batch : *work_.batch, turn.options};
}

// Counts what came of the turns. Where the store stopped the round, those up to the last one that was written are done;
// in a later round all are, because users behind them were done in the first.
std::optional<Error> WhereWalk::settle(bool is_first_round, bool is_last_try) noexcept {
  const auto is_about_the_store = [](const Result<Applied>& answer) {
    return !answer && !concerns_one_user(answer.error().code());
  };
  const auto stop = std::ranges::find_if(answers_, is_about_the_store);
  std::size_t done = turns_.size();
  if (stop != answers_.end() && is_first_round) {
    const auto is_undone = [&](const Turn& turn) {
      return !turn.write || is_about_the_store(answers_[*turn.write]);
    };
    while (done > 0 && is_undone(turns_[done - 1])) --done;
    if (done > 0) last_done_ = turns_[done - 1].user->ordinal();
  }
  const bool can_try_again = stop == answers_.end() && !is_last_try;
  again_.clear();
  for (const Turn& turn : std::span(turns_).first(done)) {
    const bool has_lost =
        turn.write && !answers_[*turn.write] && answers_[*turn.write].error() == ErrorCode::revision_mismatch;
    if (has_lost && can_try_again)
      again_.push_back(turn.user->ordinal());
    else
      take(turn);
  }
  if (stop == answers_.end()) return std::nullopt;
  return without_items(stop->error());
}

void WhereWalk::take(const Turn& turn) noexcept {
  if (!turn.write) {
    ++outcome_->matched, ++outcome_->unchanged;
    return;
  }
  const Result<Applied>& answer = answers_[*turn.write];
  if (!answer && answer.error() == ErrorCode::user_not_found) return;   // gone meanwhile
  if (!answer) return refuse(*turn.user, answer.error());
  ++outcome_->matched;
  ++(answer->changed ? outcome_->changed : outcome_->unchanged);
}

void WhereWalk::refuse_all(std::span<const std::uint32_t> ordinals, const Error& error) noexcept {
  visit_meant(ordinals, [&](const model::Record& user) { refuse(user, error); });
}

// Without memory for it, a refusal is counted alone.
void WhereWalk::refuse(const model::Record& user, const Error& error) noexcept {
  ++outcome_->matched, ++outcome_->refused;
  if (outcome_->refusals.size() == WhereOutcome::kMaxRefusals) return;
  try {
    outcome_->refusals.push_back(
        {std::string(user.id()), std::string(user.external_id()), without_items(error)});
  } catch (const std::bad_alloc&) {
    return;
  }
}

}   // namespace usertags::store
