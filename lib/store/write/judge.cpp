#include "store/write/judge.hpp"

#include <algorithm>
#include <span>
#include <tuple>

#include "model/segment.hpp"
#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"

namespace usertags::store {
namespace {

using model::ChangeKind;
using model::quoted;
using model::Record;
using model::RecordPtr;

template <class... Functions>
struct Overloaded : Functions... {
  using Functions::operator()...;
};

Error invalid(std::string what) {
  return {ErrorCode::invalid_argument, std::move(what)};
}

Error exists(const Record& holder) {
  return {ErrorCode::user_exists, Error::Details{.what = "the external id " + quoted(holder.external_id()) +
                                                         " belongs to " + std::string(holder.id()),
                                                 .existing_id = std::string(holder.id())}};
}

std::optional<Error> check_creation(const CreateView& write, const Shard& here) {
  if (auto wrong = model::check_external_id(write.external_id)) return invalid("the external id " + *wrong);
  const UserRef named = UserRef::external_id(write.external_id);
  if (!here.has(named)) return wrong_shard(named, here);
  if (write.options.expected_revision) return invalid("a creation has no revision to expect");
  return check_note_of(write.options);
}

// The failure of a transaction: its first one, and where that is a refused batch, the violations of all.
Error failure_of(std::span<Result<Applied>> outcomes, std::size_t first) {
  Error::Details details = outcomes[first].error().details();
  details.item = first;
  for (const Result<Applied>& outcome : outcomes.subspan(first + 1)) {
    if (outcome || details.violations.empty()) continue;
    const std::span<const Violation> more = outcome.error().violations();
    details.violations.insert(details.violations.end(), more.begin(), more.end());
  }
  return {outcomes[first].error().code(), std::move(details)};
}

Error too_large() {
  return {ErrorCode::transaction_too_large,
          "the log's entries of the transaction, with what was there before, come to more than " +
              std::to_string(model::kMaxTransactionBytes >> 20) + " MiB"};
}

bool only_removes(std::span<const model::TagDelta> deltas) noexcept {
  return std::ranges::none_of(deltas, [](const model::TagDelta& delta) { return delta.value.has_value(); });
}

Applied answer(RecordPtr user, bool changed) {
  const std::uint64_t revision = user->revision();
  return {.user = model::UserAccess::user(std::move(user)), .revision = revision, .changed = changed};
}

}   // namespace

std::optional<Error> check_revision(const Record& user, const ApplyOptions& options) {
  if (!options.expected_revision || *options.expected_revision == user.revision()) return std::nullopt;
  return Error(ErrorCode::revision_mismatch,
               Error::Details{.what = "the user " + quoted(user.external_id()) + " is at revision " +
                                      std::to_string(user.revision()) + ", not " +
                                      std::to_string(*options.expected_revision),
                              .current_revision = user.revision()});
}

std::optional<Error> check_note_of(const ApplyOptions& options) {
  if (options.note.empty()) return std::nullopt;
  if (auto wrong = model::check_note(options.note)) return invalid("the note " + *wrong);
  return std::nullopt;
}

Result<Applied> Judge::judge(const WriteView& write, std::optional<std::size_t> item, PendingGroup& group) {
  const ApplyOptions& options = options_of(write);
  if (options.deadline && *options.deadline < begun_at_) return std::unexpected(ErrorCode::timeout);
  item_ = item;
  const std::string& token = options.token;
  if (token.empty()) return decide(write, group);
  if (auto answer = recall(write, group)) return *std::move(answer);
  if (group.state().last_token >= kLastNumber) return std::unexpected(used_up("2^63 - 2 tokens"));
  Result<Applied> applied = decide(write, group);
  if (!applied) return applied;
  if (!applied->changed) {   // else its room was judged with the change's
    if (auto wrong = check_room(MemoryBudget::growth(token), false, group))
      return std::unexpected(std::move(*wrong));
  }
  group.remember({.ordinal = applied->user ? model::UserAccess::record(*applied->user).ordinal() : 0,
                  .revision = applied->revision,
                  .changed = applied->changed,
                  .text = token,
                  .request = digest_(write)});
  return applied;
}

Result<Applied> Judge::decide(const WriteView& write, PendingGroup& group) {
  return std::visit(Overloaded{[&](const CreateView& view) { return create(view, group); },
                               [&](const PatchView& view) { return patch(view, group); },
                               [&](const DeleteView& view) { return erase(view, group); }},
                    write);
}

// --- Transactions. ---

std::optional<Error> Judge::AllOrNone::name(const Record& user, std::size_t item) {
  const auto [first, is_first] = named_by_.try_emplace(user.ordinal(), item);
  if (is_first) return std::nullopt;
  return invalid("the user " + quoted(user.external_id()) + " is named by write " +
                 std::to_string(first->second) + " of the transaction already");
}

// Every write was judged, also those behind one that failed, so that all violations are known at once.
void Judge::AllOrNone::end(std::span<Result<Applied>> outcomes) {
  const auto first = std::ranges::find_if(outcomes, [](const auto& outcome) { return !outcome; });
  if (first == outcomes.end()) return group_.end_transaction();
  group_.take_back(beginning_);
  const Error failure = failure_of(outcomes, static_cast<std::size_t>(first - outcomes.begin()));
  for (Result<Applied>& outcome : outcomes) outcome = std::unexpected(failure);
}

// --- Tokens. ---

std::optional<Result<Applied>> Judge::recall(const WriteView& write, const PendingGroup& group) {
  const std::string_view token = options_of(write).token;
  if (token.size() > model::kMaxTokenBytes) {
    return std::unexpected(invalid("the token has " + std::to_string(token.size()) + " bytes, more than " +
                                   std::to_string(model::kMaxTokenBytes)));
  }
  std::optional<index::TokenOutcome> known;
  if (const model::Token* pending = group.find_token(token))
    known = {pending->request, pending->revision, pending->ordinal, pending->changed};
  else
    known = memory_.tokens.find(token);
  if (!known) return std::nullopt;
  if (known->request != digest_(write)) {
    return std::unexpected(Error(ErrorCode::token_reused, "the token " + quoted(token) +
                                                              " was used for another request, at revision " +
                                                              std::to_string(known->revision)));
  }
  return replay(*known, group);
}

Result<Applied> Judge::replay(const index::TokenOutcome& known, const PendingGroup& group) const {
  Applied applied{.user = {}, .revision = known.revision, .changed = known.changed, .replayed = true};
  if (known.ordinal == 0) return applied;
  if (RecordPtr user = current(known.ordinal, group)) applied.user = model::UserAccess::user(std::move(user));
  return applied;
}

// --- Users. ---

RecordPtr Judge::current(std::uint32_t ordinal, const PendingGroup& group) const {
  const Record* pending = group.find(ordinal);
  if (pending == nullptr) return memory_.projection.find_ordinal(ordinal);
  return pending->is_tombstone() ? RecordPtr() : RecordPtr::share(*pending);
}

// An id that the group itself gave is nobody's yet.
RecordPtr Judge::current(const UserRef& user, const PendingGroup& group) const {
  RecordPtr published = memory_.projection.find(user);
  if (group.empty()) return published;
  const Record* const newest = group.holder(published.get(), user.text());
  if (newest == published.get()) return published;
  return newest == nullptr ? RecordPtr() : RecordPtr::share(*newest);
}

std::optional<Error> Judge::check_user(const Record* user, const UserRef& named,
                                       const ApplyOptions& options) {
  if (user == nullptr) return no_such_user(named, memory_.shard);
  if (transaction_ != nullptr) {
    if (auto wrong = transaction_->name(*user, *item_)) return wrong;
  }
  return check_revision(*user, options);
}

Error Judge::refused() {
  std::vector<Violation> violations = planner_.take_violations();
  for (Violation& violation : violations) violation.item = item_;
  return {ErrorCode::batch_refused, Error::Details{.violations = std::move(violations)}};
}

std::optional<Error> Judge::check_room(std::int64_t growth, bool only_removes,
                                       const PendingGroup& group) const {
  const bool makes_room = only_removes && growth <= 0;
  if (makes_room || (allowance_ >= 0 && group.growth() + growth <= allowance_)) return std::nullopt;
  return memory_.budget.exceeded();
}

std::optional<Error> Judge::check_change(std::int64_t growth, bool only_removes,
                                         const PendingGroup& group) const {
  if (group.state().revision >= kLastNumber) return used_up("2^63 - 2 revisions");
  return check_room(growth, only_removes, group);
}

Result<Applied> Judge::create(const CreateView& write, PendingGroup& group) {
  if (auto wrong = check_creation(write, memory_.shard)) return std::unexpected(std::move(*wrong));
  planner_.plan_creation(write.tags);
  if (planner_.refused()) return std::unexpected(refused());
  if (RecordPtr holder = current(UserRef::external_id(write.external_id), group)) {
    if (write.or_find) {
      if (transaction_ != nullptr) {
        if (auto wrong = transaction_->name(*holder, *item_)) return std::unexpected(*std::move(wrong));
      }
      return answer(std::move(holder), false);
    }
    // One that the transaction itself creates is none yet, and its id may never be one.
    const bool is_own = transaction_ != nullptr && transaction_->has_created(*holder);
    return std::unexpected(is_own ? *transaction_->name(*holder, *item_) : exists(*holder));
  }
  sqlite::State& state = group.state();
  auto id = next_id(state, entropy_.next(), write.external_id);
  if (!id) return std::unexpected(std::move(id).error());
  RecordPtr user =
      Record::make(state.last_ordinal + 1, state.revision + 1, *id, write.external_id, planner_.tags());
  const std::int64_t growth = MemoryBudget::growth(nullptr, *user, write.options.token);
  if (auto wrong = check_change(growth, false, group)) return std::unexpected(std::move(*wrong));
  if (transaction_ != nullptr) std::ignore = transaction_->name(*user, *item_);
  if (!group.add(ChangeKind::created, {{}, user}, {}, write.options.note))
    return std::unexpected(too_large());
  state.last_id = *id;
  return answer(std::move(user), true);
}

Result<RecordPtr> Judge::plan_patch(const PatchView& write, const PendingGroup& group) {
  if (auto wrong = check_note_of(write.options)) return std::unexpected(std::move(*wrong));
  RecordPtr user = current(write.user, group);
  if (std::optional<Error> wrong = check_user(
          user.get(), write.user, write.options)) {   // the form of the batch is judged before the user
    planner_.check_form(write.batch.operations());
    return std::unexpected(planner_.refused() ? refused() : std::move(*wrong));
  }
  planner_.plan(*user, write.batch.operations());
  if (planner_.refused()) return std::unexpected(refused());
  return user;
}

Result<Applied> Judge::patch(const PatchView& write, PendingGroup& group) {
  Result<RecordPtr> planned = plan_patch(write, group);
  if (!planned) return std::unexpected(std::move(planned).error());
  RecordPtr before = std::move(*planned);
  if (!planner_.changes_anything()) return answer(std::move(before), false);

  RecordPtr after = Record::make_next(*before, group.state().revision + 1, planner_.deltas(), blocks_);
  const std::int64_t growth = MemoryBudget::growth(before.get(), *after, write.options.token);
  if (auto wrong = check_change(growth, only_removes(planner_.deltas()), group))
    return std::unexpected(std::move(*wrong));
  if (!group.add(ChangeKind::patched, {std::move(before), after}, planner_.deltas(), write.options.note))
    return std::unexpected(too_large());
  return answer(std::move(after), true);
}

Result<Applied> Judge::plan(const PatchView& write, const Settings& settings) {
  // Before the moment: it asks for one itself.
  use(settings, memory_.budget.allowance());
  return memory_.projection.at_one_moment([&] { return plan_now(write); });
}

std::optional<Result<Applied>> Judge::recall(const WriteView& write) {
  if (options_of(write).token.empty()) return std::nullopt;
  const PendingGroup nothing;
  return memory_.projection.at_one_moment([&] { return recall(write, nothing); });
}

Result<Applied> Judge::plan_now(const PatchView& write) {
  const PendingGroup nothing;
  if (!write.options.token.empty()) {
    if (auto answer = recall(write, nothing)) return *std::move(answer);
  }
  Result<RecordPtr> planned = plan_patch(write, nothing);
  if (!planned) return std::unexpected(std::move(planned).error());
  if (!planner_.changes_anything()) return answer(std::move(*planned), false);
  const Record& before = **planned;
  RecordPtr after = Record::make_next(before, memory_.projection.visible_revision() + 1, planner_.deltas());
  const std::int64_t growth = MemoryBudget::growth(&before, *after, write.options.token);
  if (auto wrong = check_room(growth, only_removes(planner_.deltas()), nothing))
    return std::unexpected(std::move(*wrong));
  return answer(std::move(after), true);
}

Result<Applied> Judge::erase(const DeleteView& write, PendingGroup& group) {
  if (auto wrong = check_note_of(write.options)) return std::unexpected(std::move(*wrong));
  RecordPtr before = current(write.user, group);
  if (auto wrong = check_user(before.get(), write.user, write.options))
    return std::unexpected(std::move(*wrong));

  RecordPtr tombstone = Record::make_tombstone(*before, group.state().revision + 1);
  const std::int64_t growth = MemoryBudget::growth(before.get(), *tombstone, write.options.token);
  if (auto wrong = check_change(growth, true, group)) return std::unexpected(std::move(*wrong));
  const std::uint64_t revision = tombstone->revision();
  if (!group.add(ChangeKind::deleted, {std::move(before), std::move(tombstone)}, {}, write.options.note))
    return std::unexpected(too_large());
  return Applied{.user = std::nullopt, .revision = revision, .changed = true};
}

}   // namespace usertags::store
