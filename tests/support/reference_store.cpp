#include "support/reference_store.hpp"

#include <algorithm>
#include <set>
#include <span>
#include <utility>

namespace usertags::test {
namespace {

using Reason = Violation::Reason;
using Subject = Violation::Subject;
using Tags = std::map<std::string, std::string>;

constexpr std::size_t kMaxKey = 50;
constexpr std::size_t kMaxValue = 200;
constexpr std::size_t kMaxExternalId = 255;
constexpr std::size_t kMaxNote = 200;

struct Lead {
  std::size_t bytes;
  char32_t bits;
  char32_t smallest;   // a smaller code point in as many bytes is overlong
};

std::optional<Lead> lead(unsigned char byte) {
  if (byte < 0x80) return Lead{1, byte, 0};
  if ((byte & 0xE0) == 0xC0) return Lead{2, byte & 0x1Fu, 0x80};
  if ((byte & 0xF0) == 0xE0) return Lead{3, byte & 0x0Fu, 0x800};
  if ((byte & 0xF8) == 0xF0) return Lead{4, byte & 0x07u, 0x10000};
  return std::nullopt;
}

bool contains(const std::vector<char32_t>& text, std::u32string_view any_of) {
  return std::ranges::any_of(text, [&](char32_t c) { return any_of.contains(c); });
}

constexpr std::u32string_view kForbidden = U"#/:";
constexpr std::u32string_view kNul{U"\0", 1};

std::vector<Reason> broken_rules_of_key(std::string_view key, OperationKind kind) {
  const auto text = decode_utf8(key);
  if (!text) return {Reason::malformed_utf8};
  std::vector<Reason> broken;
  if (text->empty()) broken.push_back(Reason::empty_key);
  if (kind != OperationKind::erase) {
    if (text->size() > kMaxKey) broken.push_back(Reason::key_too_long);
    if (contains(*text, kForbidden)) broken.push_back(Reason::forbidden_character);
  }
  if (contains(*text, kNul)) broken.push_back(Reason::contains_nul);
  return broken;
}

std::vector<Reason> broken_rules_of_value(std::string_view value) {
  const auto text = decode_utf8(value);
  if (!text) return {Reason::malformed_utf8};
  std::vector<Reason> broken;
  if (text->size() > kMaxValue) broken.push_back(Reason::value_too_long);
  if (contains(*text, kForbidden)) broken.push_back(Reason::forbidden_character);
  if (contains(*text, kNul)) broken.push_back(Reason::contains_nul);
  return broken;
}

bool is_text(std::string_view bytes, std::size_t at_least, std::size_t at_most) {
  const auto text = decode_utf8(bytes);
  return text && text->size() >= at_least && text->size() <= at_most && !contains(*text, kNul);
}

bool is_external_id(std::string_view text) {
  return is_text(text, 1, kMaxExternalId) && !has_form_of_id(text);
}

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
    if (key_is_fine && before_ != nullptr) judge_preconditions();
    if (violations_.size() == violations_before) carry_out();
    ++index_;
  }

  void judge_size(std::size_t operations, const Limits& limits) {
    if (operations > limits.operations_per_batch) violate_whole(Reason::too_many_operations);
  }
  void judge_result(const Limits& limits) {
    const std::size_t tags_before = before_ == nullptr ? 0 : before_->size();
    if (after_.size() > limits.tags_per_user && after_.size() > tags_before) {
      violate_whole(Reason::too_many_tags);
    }
  }

  std::vector<Violation> take_violations() { return std::move(violations_); }
  Tags take_tags() { return std::move(after_); }

 private:
  bool judge_key() {
    const auto broken = broken_rules_of_key(operation_->key, operation_->kind);
    for (const Reason reason : broken) violate(reason, Subject::key);
    const auto [first, is_first] = first_uses_.try_emplace(operation_->key, index_, operation_->kind);
    if (!is_first) {
      Violation& violation = violate(Reason::duplicate_key, Subject::key);
      violation.first_index = first->second.first;
      violation.first_operation = first->second.second;
    }
    return broken.empty() && is_first;
  }

  void judge_value() {
    for (const Reason reason : broken_rules_of_value(operation_->value)) violate(reason, Subject::value);
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
                           .key = operation_->key,
                           .current = {},
                           .first_index = {},
                           .first_operation = {}});
    return violations_.back();
  }

  void violate_whole(Reason reason) {
    Violation violation;
    violation.reason = reason;
    violation.item = item_;
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

bool is_note(std::string_view note) { return is_text(note, 0, kMaxNote); }

bool has_other_revision(const ReferenceUser& user, const ApplyOptions& options) {
  return options.expected_revision && *options.expected_revision != user.revision;
}

}   // namespace

std::optional<std::vector<char32_t>> decode_utf8(std::string_view text) {
  std::vector<char32_t> code_points;
  for (std::size_t at = 0; at < text.size();) {
    const auto first = lead(static_cast<unsigned char>(text[at]));
    if (!first || first->bytes > text.size() - at) return std::nullopt;
    char32_t code_point = first->bits;
    for (const char c : text.substr(at + 1, first->bytes - 1)) {
      const auto byte = static_cast<unsigned char>(c);
      if ((byte & 0xC0) != 0x80) return std::nullopt;
      code_point = (code_point << 6) | (byte & 0x3Fu);
    }
    const bool surrogate = code_point >= 0xD800 && code_point <= 0xDFFF;
    if (code_point < first->smallest || surrogate || code_point > 0x10FFFF) return std::nullopt;
    code_points.push_back(code_point);
    at += first->bytes;
  }
  return code_points;
}

bool has_form_of_id(std::string_view text) {
  constexpr std::string_view kPrefix = "user_";
  constexpr std::string_view kAlphabet = "0123456789abcdefghjkmnpqrstvwxyz";
  if (!text.starts_with(kPrefix) || text.size() != kPrefix.size() + 26) return false;
  const std::string_view suffix = text.substr(kPrefix.size());
  return suffix[0] <= '7' && suffix.find_first_not_of(kAlphabet) == std::string_view::npos;
}

Verdict ReferenceStore::create_user(std::string_view external_id, const TagList& tags,
                                    const ApplyOptions& options, std::optional<std::size_t> item) {
  if (!is_external_id(external_id) || !is_note(options.note) || options.expected_revision) {
    return error(ErrorCode::invalid_argument);
  }
  BatchJudge judge(nullptr, item);
  for (const auto& [key, value] : tags) {
    judge.judge({.kind = OperationKind::create, .key = key, .value = value, .expected_value = {}});
  }
  judge.judge_result(limits_);
  if (auto violations = judge.take_violations(); !violations.empty()) return refused(std::move(violations));
  if (const ReferenceUser* holder = find(UserRef::external_id(external_id))) {
    Verdict verdict = error(ErrorCode::user_exists);
    verdict.existing = holder->ordinal;
    return verdict;
  }
  const std::size_t ordinal = created_++;
  const ReferenceUser user{ordinal, std::string(external_id), ++revision_, judge.take_tags()};
  users_.emplace(ordinal, user);
  return applied(user, revision_, true);
}

Verdict ReferenceStore::plan(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options,
                             std::optional<std::size_t> item) const {
  if (!is_note(options.note)) return error(ErrorCode::invalid_argument);
  const ReferenceUser* user = find(ref);
  const bool is_to_be_judged = user != nullptr && !has_other_revision(*user, options);
  BatchJudge judge(is_to_be_judged ? &user->tags : nullptr, item);
  for (const Operation& operation : batch.operations()) judge.judge(operation);
  judge.judge_size(batch.size(), limits_);
  if (is_to_be_judged) judge.judge_result(limits_);

  if (auto violations = judge.take_violations(); !violations.empty()) return refused(std::move(violations));
  if (user == nullptr) return error(ErrorCode::user_not_found);
  if (!is_to_be_judged) return mismatch(user->revision);

  ReferenceUser after = *user;
  after.tags = judge.take_tags();
  const bool changed = after.tags != user->tags;
  if (changed) after.revision = revision_ + 1;
  return applied(after, after.revision, changed);
}

Verdict ReferenceStore::apply(const UserRef& ref, const TagBatch& batch, const ApplyOptions& options,
                              std::optional<std::size_t> item) {
  Verdict verdict = plan(ref, batch, options, item);
  if (verdict.changed) {
    revision_ = verdict.revision;
    users_.at(verdict.user->ordinal) = *verdict.user;
  }
  return verdict;
}

Verdict ReferenceStore::delete_user(const UserRef& ref, const ApplyOptions& options) {
  if (!is_note(options.note)) return error(ErrorCode::invalid_argument);
  const ReferenceUser* user = find(ref);
  if (user == nullptr) return error(ErrorCode::user_not_found);
  if (has_other_revision(*user, options)) return mismatch(user->revision);
  users_.erase(user->ordinal);
  return applied(std::nullopt, ++revision_, true);
}

Verdict ReferenceStore::write(const Write& write, std::optional<std::size_t> item) {
  if (const auto* create = std::get_if<CreateUser>(&write)) {
    return create_user(create->external_id, create->tags, create->options, item);
  }
  if (const auto* patch = std::get_if<PatchUser>(&write)) {
    return apply(patch->user, patch->batch, patch->options, item);
  }
  const auto& deletion = std::get<DeleteUser>(write);
  return delete_user(deletion.user, deletion.options);
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
