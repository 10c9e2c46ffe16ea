#include <algorithm>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <usertags/error.hpp>

#include "model/shown_text.hpp"

namespace usertags {

namespace {

// The two halves of a message for which nobody wrote a better one.
struct Sentence {
  std::string_view happened;
  std::string_view remedy;
};

Sentence sentence_of(ErrorCode code) noexcept {
  using enum ErrorCode;
  switch (code) {
    // Of one call.
    case batch_refused: return {"nothing was applied", "correct what is named"};
    case user_not_found: return {"there is no such user", "check the name, or create the user"};
    case user_exists: return {"the external id is taken", "use that user, or another external id"};
    case revision_mismatch:
      return {"the user is not at the revision expected", "read the user again and decide anew"};
    case token_reused: return {"the token was used for another request", "use a new one for each request"};
    case invalid_argument: return {"an argument is invalid", "correct it"};
    case invalid_selector: return {"the selector cannot be parsed", "correct it there"};
    case invalid_cursor:
      return {"the cursor is not of this store and question", "start again from the first page"};
    case history_pruned:
      return {"the changes asked for are no longer kept",
              "read the users as they are, and follow from there"};
    case future_revision: return {"the store has not come to that revision", "ask for one that it has"};
    case read_only:
      return {"the store was opened read-only", "write through the process that opened it for writing"};
    case busy: return {"the store is busy and nothing was applied", "try again later"};
    case store_closed: return {"the store is closed", "open it again"};
    case cancelled: return {"the call was cancelled by its progress function", "call it again to begin anew"};
    case timeout: return {"the time given ran out, and nothing was applied", "try again, or give more"};
    case settings_mismatch:
      return {"the store has other settings", "open it without settings, or change those that it has"};
    case transaction_too_large:
      return {"the transaction is too large for the log, and nothing was applied",
              "make it several, or remove tags first"};
    case not_leader: return {"another machine writes", "ask that one"};
    case wrong_shard: return {"the user is in another store of the cluster", "ask that one"};

    // Of the store, its file, or the machine.
    case memory_budget_exceeded:
      return {"the data would take more memory than the store may have",
              "raise Options::memory_budget, or remove users or tags"};
    case store_locked:
      return {"another process has the store open for writing", "close it there, or open it read-only"};
    case store_failed: return {"the store stopped after an earlier failure", "open it again"};
    case outcome_unknown:
      return {"the commit failed, and may or may not have reached the disk",
              "open the store again: at the intended revision, or above it, the write was applied"};
    case foreign_write:
      return {"something other than the store changed the file",
              "see with adopt what it did, then adopt it, or restore a backup"};
    case cluster_member:
      return {"the file belongs to a cluster", "write through the cluster, or open the file read-only"};
    case forked: return {"the store belongs to the parent process", "open another one in the child"};
    case not_a_store: return {"the file is not a usertags store", "check the path"};
    case unsupported_format: return {"the file has another format", "use the usertags that made it"};
    case corrupt_store: return {"the file is damaged", "keep a copy of it, then restore a backup"};
    case permission_denied:
      return {"the file system denies access", "check owner and mode of the file and of its folder"};
    case io_error:
      return {"reading or writing the file failed", "check the device, then open the store again"};
    case disk_full: return {"the disk is full and nothing was applied", "free some space and try again"};
    case out_of_memory: return {"there is not enough memory", "free some and try again"};
  }
  return {"unknown error", "look at its code"};
}

// Of a mistake in the call: who is told what is wrong with it knows what to correct.
bool words_tell_what_to_do(ErrorCode code) noexcept {
  using enum ErrorCode;
  return code == invalid_argument || code == invalid_selector || code == user_not_found ||
         code == user_exists || code == cancelled;
}

void append_detail(std::string_view name, std::string_view value, std::string& out) {
  out += out.empty() ? "" : ", ";
  out += name;
  out += ' ';
  out += value;
}

// What the error names besides its violations, in words.
std::string details_in_words(const Error& error) {
  std::string words;
  const auto number = [&](std::string_view name, const auto& value) {
    if (value) append_detail(name, std::to_string(*value), words);
  };
  if (!error.existing_id().empty()) append_detail("by", error.existing_id(), words);
  number("current revision", error.current_revision());
  number("intended revision", error.intended_revision());
  number("oldest kept revision", error.floor());
  number("version of the settings", error.current_version());
  number("process", error.holder_pid());
  number("at byte", error.position());
  if (const auto code = error.system_error()) {
    append_detail("system error:", std::generic_category().message(*code), words);
  }
  return words;
}

std::string default_happening(const Error& error) {
  std::string text(sentence_of(error.code()).happened);
  if (const std::string details = details_in_words(error); !details.empty()) text += " (" + details + ")";
  return text;
}

// --- Violations as text: one line, however strange the keys are. ---

using Reason = Violation::Reason;

constexpr std::size_t kMaxListed = 16;

// Where the reason alone does not say that it is the value that is wrong.
bool needs_subject(const Violation& violation) noexcept {
  switch (violation.reason) {
    case Reason::forbidden_character:
    case Reason::malformed_utf8:
    case Reason::contains_nul: return violation.subject == Violation::Subject::value;
    case Reason::key_exists:
    case Reason::key_missing:
    case Reason::value_mismatch:
    case Reason::duplicate_key:
    case Reason::empty_key:
    case Reason::key_too_long:
    case Reason::value_too_long:
    case Reason::too_many_tags:
    case Reason::too_many_operations: break;
  }
  return false;
}

// By what the rule is broken: "61 of 50 characters", "at byte 3", "\":\" at byte 3".
void append_numbers(const Violation& violation, std::string& out) {
  if (violation.found && violation.limit) {
    out += ": " + std::to_string(*violation.found) + " of " + std::to_string(*violation.limit);
    if (violation.subject != Violation::Subject::batch) out += " characters";
  }
  if (!violation.position) return;
  out += ": ";
  if (violation.character) out.append("\"").append(1, *violation.character).append("\" ");
  out += "at byte " + std::to_string(*violation.position);
}

void append_violation(const Violation& violation, std::string& out) {
  if (violation.item) out += "item " + std::to_string(*violation.item) + ": ";
  if (violation.operation) {
    out += to_string(*violation.operation);
    out += ' ';
    model::append_shown(violation.key, false, out);
    out += ": ";
  }
  out += to_string(violation.reason);
  if (needs_subject(violation)) out += " in the value";
  append_numbers(violation, out);
  if (violation.first_index) out += " (as operation " + std::to_string(*violation.first_index) + ")";
  if (violation.current) {
    out += " (now ";
    model::append_shown(*violation.current, true, out);
    out += ')';
  }
}

// For example: 2 violations: create department: key_exists (now "sales"); set a#b: forbidden_character. Beyond
// the first few violations it says only how many there are.
void append_violation_list(std::span<const Violation> violations, std::string& out) {
  out += std::to_string(violations.size());
  out += violations.size() == 1 ? " violation" : " violations";
  const std::size_t listed = std::min(violations.size(), kMaxListed);
  for (std::size_t i = 0; i < listed; ++i) {
    out += i == 0 ? ": " : "; ";
    append_violation(violations[i], out);
  }
  if (listed < violations.size()) out += "; and " + std::to_string(violations.size() - listed) + " more";
}

}   // namespace

// Immutable once it is shared, so only the count needs care.
struct Error::Shared {
  explicit Shared(Details&& given) noexcept : details(std::move(given)) {}

  std::atomic<std::uint32_t> references{1};
  const Details details;
};

static_assert(sizeof(Error) <= 2 * sizeof(void*), "an Error is a code and one pointer");

Error::Error(ErrorCode code, std::string what) noexcept : Error(code, Details{.what = std::move(what)}) {}

Error::Error(ErrorCode code, Details details) noexcept : code_(code) {
  details.what = model::one_line(std::move(details.what));
  details.remedy = model::one_line(std::move(details.remedy));
  shared_ = new (std::nothrow) Shared(std::move(details));
}

Error::Error(const Error& other) noexcept : code_(other.code_), shared_(other.shared_) {
  if (shared_ != nullptr) shared_->references.fetch_add(1, std::memory_order_relaxed);
}

Error::Error(Error&& other) noexcept : code_(other.code_), shared_(std::exchange(other.shared_, nullptr)) {}

Error& Error::operator=(Error other) noexcept {
  code_ = other.code_;
  std::swap(shared_, other.shared_);
  return *this;
}

Error::~Error() {
  if (shared_ != nullptr && shared_->references.fetch_sub(1, std::memory_order_acq_rel) == 1) delete shared_;
}

std::string Error::what() const {
  const bool has_words = !details().what.empty();
  std::string text = item() && violations().empty() ? "write " + std::to_string(*item()) + ": " : "";
  text += has_words ? details().what : default_happening(*this);
  if (!violations().empty()) {
    text += ": ";
    append_violation_list(violations(), text);
  }
  return text;
}

std::string Error::message() const {
  std::string text = what();
  if (!details().remedy.empty()) return text.append("; ").append(details().remedy);
  const bool is_told = !violations().empty() || (!details().what.empty() && words_tell_what_to_do(code_));
  return is_told ? text : text.append("; ").append(sentence_of(code_).remedy);
}

const Error::Details& Error::details() const noexcept {
  static const Details nothing;
  return shared_ != nullptr ? shared_->details : nothing;
}

std::span<const Violation> Error::violations() const noexcept {
  return details().violations;
}

std::optional<std::size_t> Error::item() const noexcept {
  return details().item;
}

std::string_view Error::existing_id() const noexcept {
  return details().existing_id;
}

std::optional<std::uint64_t> Error::current_revision() const noexcept {
  return details().current_revision;
}

std::optional<std::uint64_t> Error::intended_revision() const noexcept {
  return details().intended_revision;
}

std::optional<std::uint64_t> Error::floor() const noexcept {
  return details().floor;
}

std::optional<std::uint64_t> Error::current_version() const noexcept {
  return details().current_version;
}

std::optional<std::int64_t> Error::holder_pid() const noexcept {
  return details().holder_pid;
}

std::optional<std::size_t> Error::position() const noexcept {
  return details().position;
}

std::optional<int> Error::system_error() const noexcept {
  return details().system_error;
}

std::string in_words(const Violation& violation) {
  std::string words;
  append_violation(violation, words);
  return words;
}

}   // namespace usertags
