#include "support/reference_store.hpp"

#include <algorithm>
#include <utility>

#include "support/reference_rules.hpp"

namespace usertags::test {
namespace {

using Reason = Violation::Reason;
using Subject = Violation::Subject;
using Tags = std::map<std::string, std::string>;

// Judges the operations of one batch, one after the other, against the tags before it; without such tags,
// its form alone.
class BatchJudge {
 public:
  BatchJudge(const Tags* before, std::optional<std::size_t> item) : before_(before), item_(item) {
    if (before != nullptr) after_ = *before;
  }

  void judge(const Operation& operation) {
    const std::size_t violations_before = violations_.size();
    operation_ = &operation;
    const bool key_is_fine = judge_key();
    if (operation.kind != OperationKind::erase) judge_value();
    const bool is_first = judge_repetition();
    if (key_is_fine && is_first && before_ != nullptr) judge_preconditions();
    if (violations_.size() == violations_before) carry_out();
    ++index_;
  }

  void judge_size(std::size_t operations, const Settings& limits) {
    if (operations > limits.operations_per_batch)
      violate_whole(Reason::too_many_operations, limits.operations_per_batch, operations);
  }
  void judge_result(const Settings& limits) {
    const std::size_t tags_before = before_ == nullptr ? 0 : before_->size();
    if (after_.size() > limits.tags_per_user && after_.size() > tags_before) {
      violate_whole(Reason::too_many_tags, limits.tags_per_user, after_.size());
    }
  }

  std::vector<Violation> take_violations() { return std::move(violations_); }
  Tags take_tags() { return std::move(after_); }

 private:
  bool judge_key() {
    const auto broken = broken_rules_of_key(operation_->key, operation_->kind);
    for (const Reason reason : broken) add_numbers(operation_->key, violate(reason, Subject::key));
    return broken.empty();
  }

  void judge_value() {
    for (const Reason reason : broken_rules_of_value(operation_->value))
      add_numbers(operation_->value, violate(reason, Subject::value));
  }

  bool judge_repetition() {
    const auto [first, is_first] = first_uses_.try_emplace(operation_->key, index_, operation_->kind);
    if (is_first) return true;
    Violation& violation = violate(Reason::duplicate_key, Subject::key);
    violation.first_index = first->second.first;
    violation.first_operation = first->second.second;
    return false;
  }

  void judge_preconditions() {
    const auto current = before_->find(operation_->key);
    const bool exists = current != before_->end();
    const bool must_be_new = operation_->kind == OperationKind::create;
    const bool must_exist = operation_->kind == OperationKind::update || operation_->must_exist;
    if (must_be_new && exists) violate(Reason::key_exists, Subject::key).current = current->second;
    if (must_exist && !exists) violate(Reason::key_missing, Subject::key);
    const auto& expected = operation_->expected_value;
    if (expected && exists && current->second != *expected) {
      violate(Reason::value_mismatch, Subject::value).current = current->second;
    }
    if (expected && !exists) violate(Reason::value_mismatch, Subject::value);
  }

  void carry_out() {
    if (operation_->kind == OperationKind::erase) {
      after_.erase(operation_->key);
    } else {
      after_[operation_->key] = operation_->value;
    }
  }

  Violation& violate(Reason reason, Subject subject) {
    violations_.push_back({.reason = reason,
                           .subject = subject,
                           .item = item_,
                           .index = index_,
                           .operation = operation_->kind,
                           .key = told_of(operation_->key),
                           .current = {},
                           .first_index = {},
                           .first_operation = {},
                           .limit = {},
                           .found = {},
                           .position = {},
                           .character = {}});
    return violations_.back();
  }

  void violate_whole(Reason reason, std::size_t limit, std::size_t found) {
    Violation violation;
    violation.reason = reason;
    violation.item = item_;
    violation.limit = limit;
    violation.found = found;
    violations_.push_back(std::move(violation));
  }

  const Tags* before_;
  std::optional<std::size_t> item_;
  const Operation* operation_ = nullptr;
  std::size_t index_ = 0;
  std::map<std::string, std::pair<std::size_t, OperationKind>> first_uses_;
  std::vector<Violation> violations_;
  Tags after_;
};

Verdict error(ErrorCode code) {
  Verdict verdict;
  verdict.error = code;
  return verdict;
}

Verdict refused(std::vector<Violation> violations) {
  Verdict verdict = error(ErrorCode::batch_refused);
  verdict.violations = std::move(violations);
  return verdict;
}

Verdict mismatch(std::uint64_t current_revision) {
  Verdict verdict = error(ErrorCode::revision_mismatch);
  verdict.current_revision = current_revision;
  return verdict;
}

Verdict applied(std::optional<ReferenceUser> user, std::uint64_t revision, bool changed) {
  Verdict verdict;
  verdict.user = std::move(user);
  verdict.revision = revision;
  verdict.changed = changed;
  return verdict;
}

std::map<std::string, std::optional<std::string>> difference(const Tags& before, const Tags& after) {
  std::map<std::string, std::optional<std::string>> changed;
  for (const auto& [key, value] : before) {
    if (!after.contains(key)) changed[key] = std::nullopt;
  }
  for (const auto& [key, value] : after) {
    const auto old = before.find(key);
    if (old == before.end() || old->second != value) changed[key] = value;
  }
  return changed;
}

// A request in words: two are the same one if these are. Each text stands behind its length.
class RequestWords {
 public:
  explicit RequestWords(const std::string& kind, std::string_view name, const ApplyOptions& options)
      : words_(kind) {
    add(name);
    add(options.expected_revision ? std::to_string(*options.expected_revision) : "none");
  }
  RequestWords& add(std::string_view text) {
    words_ += std::to_string(text.size()) + ':' + std::string(text);
    return *this;
  }
  std::string take() { return std::move(words_); }

 private:
  std::string words_;
};

std::string request_of(std::string_view external_id, const TagList& tags, const ApplyOptions& options) {
  RequestWords words("create", external_id, options);
  for (const auto& [key, value] : tags) words.add(key).add(value);
  return words.take();
}

std::string request_of(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options) {
  RequestWords words("patch", ref.text(), options);
  for (const Operation& operation : batch.operations()) {
    words.add(to_string(operation.kind)).add(operation.must_exist ? "must" : "may");
    words.add(operation.key).add(operation.value);
    words.add(operation.expected_value ? "=" + *operation.expected_value : "any");
  }
  return words.take();
}

std::string request_of(const UserRef& ref, const ApplyOptions& options) {
  return RequestWords("delete", ref.text(), options).take();
}

}   // namespace

// --- Tokens. ---

std::optional<Verdict> ReferenceStore::recall(const std::string& token, const std::string& request) const {
  if (token.size() > 128) return error(ErrorCode::invalid_argument);
  const auto known = tokens_.find(token);
  if (known == tokens_.end()) return std::nullopt;
  const Remembered& first = known->second;
  if (first.request != request) return error(ErrorCode::token_reused);
  const auto user = first.ordinal ? users_.find(*first.ordinal) : users_.end();
  Verdict verdict = applied(user == users_.end() ? std::nullopt : std::optional(user->second), first.revision,
                            first.changed);
  verdict.replayed = true;
  return verdict;
}

Verdict ReferenceStore::once(const std::string& token, const std::string& request,
                             const std::function<Verdict()>& judge) {
  if (token.empty()) return judge();
  if (auto verdict = recall(token, request)) return *std::move(verdict);
  Verdict verdict = judge();
  if (verdict.error) return verdict;
  const auto ordinal = verdict.user ? std::optional(verdict.user->ordinal) : std::nullopt;
  tokens_[token] = {request, ordinal, verdict.revision, verdict.changed};
  token_order_.push_back(token);
  return verdict;
}

void ReferenceStore::forget_tokens_but(std::size_t newest) {
  for (; token_order_.size() > newest; token_order_.pop_front()) tokens_.erase(token_order_.front());
}

// --- Writes. ---

Verdict ReferenceStore::create_user(std::string_view external_id, const TagList& tags,
                                    const ApplyOptions& options, std::optional<std::size_t> item) {
  return once(options.token, request_of(external_id, tags, options),
              [&] { return create_anew(external_id, tags, options, item); });
}

Verdict ReferenceStore::ensure_user(std::string_view external_id, const TagList& tags,
                                    const ApplyOptions& options, std::optional<std::size_t> item) {
  return once(options.token, "ensure " + request_of(external_id, tags, options),
              [&] { return ensure_anew(external_id, tags, options, item); });
}

Verdict ReferenceStore::ensure_anew(std::string_view external_id, const TagList& tags,
                                    const ApplyOptions& options, std::optional<std::size_t> item) {
  const ReferenceUser* user = find(UserRef::external_id(external_id));
  if (user == nullptr) return create_anew(external_id, tags, options, item);
  ReferenceStore nobody(limits_);   // there the same creation shows whether its form is sound
  const Verdict form = nobody.create_anew(external_id, tags, options, item);
  if (form.error) return form;
  if (const auto wrong = wrong_user(user, options)) return *wrong;
  return applied(*user, user->revision, false);
}

Verdict ReferenceStore::create_anew(std::string_view external_id, const TagList& tags,
                                    const ApplyOptions& options, std::optional<std::size_t> item) {
  if (!is_external_id(external_id) || !is_note(options.note) || options.expected_revision) {
    return error(ErrorCode::invalid_argument);
  }
  BatchJudge judge(nullptr, item);
  for (const auto& [key, value] : tags) {
    judge.judge({.kind = OperationKind::create, .key = key, .value = value});
  }
  judge.judge_result(limits_);
  if (auto violations = judge.take_violations(); !violations.empty()) return refused(std::move(violations));
  if (const ReferenceUser* holder = find(UserRef::external_id(external_id))) {
    if (holder->ordinal >= ids_.size()) return error(ErrorCode::invalid_argument);   // of this transaction
    Verdict verdict = error(ErrorCode::user_exists);
    verdict.existing = holder->ordinal;
    return verdict;
  }
  const std::size_t ordinal = created_++;
  const ReferenceUser user{ordinal, std::string(external_id), revision_ + 1, judge.take_tags()};
  if (named_ != nullptr) named_->insert(ordinal);
  users_.emplace(ordinal, user);
  change(user, ChangeKind::created, {}, {user.tags.begin(), user.tags.end()}, options.note);
  return applied(user, revision_, true);
}

void ReferenceStore::change(const ReferenceUser& user, ChangeKind kind,
                            const std::map<std::string, std::string>& before,
                            std::map<std::string, std::optional<std::string>> tags, const std::string& note) {
  ++revision_;
  changes_.push_back(
      {revision_, revision_, user.ordinal, user.external_id, kind, std::move(tags), before, note});
}

std::optional<Verdict> ReferenceStore::wrong_user(const ReferenceUser* user,
                                                  const ApplyOptions& options) const {
  if (user == nullptr) return error(ErrorCode::user_not_found);
  if (named_ != nullptr && !named_->insert(user->ordinal).second) return error(ErrorCode::invalid_argument);
  if (options.expected_revision && *options.expected_revision != user->revision)
    return mismatch(user->revision);
  return std::nullopt;
}

Verdict ReferenceStore::plan(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options,
                             std::optional<std::size_t> item) const {
  if (!options.token.empty()) {
    if (auto verdict = recall(options.token, request_of(ref, batch, options))) return *std::move(verdict);
  }
  return plan_anew(ref, batch, options, item);
}

Verdict ReferenceStore::plan_anew(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options,
                                  std::optional<std::size_t> item) const {
  if (!is_note(options.note)) return error(ErrorCode::invalid_argument);
  const ReferenceUser* user = find(ref);
  const std::optional<Verdict> wrong = wrong_user(user, options);
  BatchJudge judge(wrong ? nullptr : &user->tags, item);
  const auto operations = batch.operations();
  for (const Operation& operation :
       operations.first(std::min(operations.size(), limits_.operations_per_batch)))
    judge.judge(operation);
  judge.judge_size(batch.size(), limits_);
  if (!wrong) judge.judge_result(limits_);

  if (auto violations = judge.take_violations(); !violations.empty()) return refused(std::move(violations));
  if (wrong) return *wrong;

  ReferenceUser after = *user;
  after.tags = judge.take_tags();
  const bool changed = after.tags != user->tags;
  if (changed) after.revision = revision_ + 1;
  return applied(after, after.revision, changed);
}

Verdict ReferenceStore::apply(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options,
                              std::optional<std::size_t> item) {
  return once(options.token, request_of(ref, batch, options),
              [&] { return apply_anew(ref, batch, options, item); });
}

Verdict ReferenceStore::apply_anew(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options,
                                   std::optional<std::size_t> item) {
  Verdict verdict = plan_anew(ref, batch, options, item);
  if (verdict.changed) {
    ReferenceUser& user = users_.at(verdict.user->ordinal);
    change(user, ChangeKind::patched, user.tags, difference(user.tags, verdict.user->tags), options.note);
    user = *verdict.user;
  }
  return verdict;
}

Verdict ReferenceStore::modify(const UserRef& ref, const Decision& decide, const ApplyOptions& options) {
  return once(options.token, RequestWords("modify", ref.text(), {}).take(),
              [&] { return modify_anew(ref, decide, options); });
}

Verdict ReferenceStore::modify_anew(const UserRef& ref, const Decision& decide, const ApplyOptions& options) {
  const ReferenceUser* user = find(ref);
  if (const auto wrong = wrong_user(user, options)) return *wrong;
  const auto batch = decide(*user);
  if (!batch && options.token.empty()) return applied(*user, user->revision, false);
  return apply_anew(ref, batch.value_or(TagBatch()), options, {});
}

Verdict ReferenceStore::delete_user(const UserRef& ref, const ApplyOptions& options) {
  return once(options.token, request_of(ref, options), [&] { return delete_anew(ref, options); });
}

Verdict ReferenceStore::delete_anew(const UserRef& ref, const ApplyOptions& options) {
  if (!is_note(options.note)) return error(ErrorCode::invalid_argument);
  const ReferenceUser* user = find(ref);
  if (const auto wrong = wrong_user(user, options)) return *wrong;
  change(*user, ChangeKind::deleted, user->tags, difference(user->tags, {}), options.note);
  users_.erase(user->ordinal);
  return applied(std::nullopt, revision_, true);
}

Verdict ReferenceStore::write(const Write& write, std::optional<std::size_t> item) {
  if (const auto* create = std::get_if<CreateUser>(&write)) {
    return create_user(create->external_id, create->tags, create->options, item);
  }
  if (const auto* patch = std::get_if<PatchUser>(&write)) {
    return apply(patch->user, patch->batch, patch->options, item);
  }
  if (const auto* ensure = std::get_if<EnsureUser>(&write)) {
    return ensure_user(ensure->external_id, ensure->tags_if_created, ensure->options, item);
  }
  const auto& deletion = std::get<DeleteUser>(write);
  return delete_user(deletion.user, deletion.options);
}

// Tried on a copy, which is kept where all goes well.
std::vector<Verdict> ReferenceStore::apply_all(std::span<const Write> writes) {
  ReferenceStore tried = *this;
  std::set<std::size_t> named;
  tried.named_ = &named;
  std::vector<Verdict> verdicts;
  for (std::size_t item = 0; item < writes.size(); ++item)
    verdicts.push_back(tried.write(writes[item], item));
  const auto failed = [](const Verdict& verdict) { return verdict.error.has_value(); };
  const auto first = std::ranges::find_if(verdicts, failed);
  if (first != verdicts.end()) {
    Verdict failure = *first;
    failure.item = static_cast<std::size_t>(first - verdicts.begin());
    for (auto next = first + 1; failure.error == ErrorCode::batch_refused && next != verdicts.end(); ++next) {
      failure.violations.insert(failure.violations.end(), next->violations.begin(), next->violations.end());
    }
    return {failure};
  }
  tried.named_ = nullptr;
  for (std::uint64_t revision = revision_; revision < tried.revision_; ++revision) {
    tried.changes_[revision].transaction = tried.revision_;
  }
  *this = std::move(tried);
  return verdicts;
}

const ReferenceUser* ReferenceStore::find(const UserRef& ref) const {
  const bool is_id =
      ref.kind() == UserRef::Kind::id || (ref.kind() == UserRef::Kind::any && has_form_of_id(ref.text()));
  const auto is_meant = [&](const auto& entry) {
    if (!is_id) return entry.second.external_id == ref.text();
    return entry.first < ids_.size() && ids_[entry.first] == ref.text();
  };
  const auto found = std::ranges::find_if(users_, is_meant);
  return found == users_.end() ? nullptr : &found->second;
}

}   // namespace usertags::test
