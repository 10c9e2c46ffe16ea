// What a CheckedStore asks its store and its reference, and what it proves: reads, audiences, copies, followers,
// adoptions.
#include <algorithm>
#include <chrono>
#include <fstream>
#include <iterator>

#include "support/adopting.hpp"
#include "support/answers.hpp"
#include "support/checked_store.hpp"
#include "support/describe.hpp"
#include "support/expect_equal.hpp"
#include "support/expect_inspected.hpp"
#include "support/expect_log.hpp"
#include "support/reference_rules.hpp"
#include "support/selector_oracle.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"

namespace usertags::test {
namespace {

std::string words(const UserRef& ref) {
  return in_quotes(ref.text());
}

std::filesystem::path beside(const std::filesystem::path& path, const char* suffix) {
  return path.string() + suffix;
}

std::string bytes_of(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

}   // namespace

// --- Reads. ---

Result<User> CheckedStore::find(const UserRef& ref) {
  auto found = store_->find(ref);
  expect_found("find " + words(ref), found, reference_.find(ref), reference_);
  if (found) remember(*found, *reference_.find(ref));
  return found;
}

void CheckedStore::find_each(std::span<const UserRef> refs) {
  const auto found = store_->find_each(refs);
  expect_number("answers of find_each", refs.size(), found.size());
  for (std::size_t index = 0; index < refs.size(); ++index) {
    const std::string what = "find_each, item " + std::to_string(index) + ": " + words(refs[index]);
    expect_found(what, found[index], reference_.find(refs[index]), reference_);
  }
}

Result<UserPage> CheckedStore::list(const PageRequest& request) {
  auto page = store_->list(request);
  const std::optional<std::size_t> after =
      request.after ? std::optional(cursors_.at(request.after->text())) : std::nullopt;
  const auto last = expect_page(page, request.limit, after, reference_);
  if (page && page->next) cursors_[page->next->text()] = last.value();
  return page;
}

// Of a selector that was built out of bounds, the refusal; none where it is sound.
template <class Answer>
bool judge_refusal(const Selector& selector, const Result<Answer>& answer) {
  const std::optional<Error> refusal = selector.error();
  if (!refusal) return false;
  expect(!answer && answer.error() == ErrorCode::invalid_selector, "a selector that is refused",
         refusal->message(), answer ? "an answer" : answer.error().message());
  return true;
}

Result<UserPage> CheckedStore::select(const Selector& selector, const PageRequest& request) {
  auto page = store_->select(selector, request);
  if (judge_refusal(selector, page)) return page;
  const std::optional<std::size_t> after =
      request.after ? std::optional(cursors_.at(request.after->text())) : std::nullopt;
  const auto last = expect_page(page, request.limit, after, reference_, selector);
  if (page && page->next) cursors_[page->next->text()] = last.value();
  return page;
}

void CheckedStore::count(const Selector& selector) {
  if (judge_refusal(selector, store_->count(selector))) return;
  expect_counted(*store_, selector, reference_);
}

// --- An audience. ---

std::set<std::string> CheckedStore::meant(const Selector& selector) const {
  std::set<std::string> ids;
  for (const auto& [ordinal, user] : reference_.users()) {
    if (selects(selector, user.tags)) ids.insert(reference_.id(ordinal));
  }
  return ids;
}

void CheckedStore::begin_audience(const Selector& selector) {
  std::set<std::string> ids;
  must(store_->for_each(selector, [&](const User& user) { ids.emplace(user.id()); }), "for_each");
  audience_ = {selector, store_->position(), std::move(ids)};
}

void CheckedStore::check_audience(const Selector& selector) {
  const auto refusal =
      store_->membership_changes(selector, store_->position(), [](const MembershipChange&) {});
  if (judge_refusal(selector, refusal)) return;
  if (!audience_) return begin_audience(selector);
  const Position before = audience_->position;
  std::vector<std::string> told;   // in the order of creation, which is that of ids
  const auto end =
      store_->membership_changes(audience_->selector, before, [&](const MembershipChange& change) {
        const bool entered = change.kind == MembershipChange::Kind::entered;
        const bool is_news = entered ? audience_->ids.insert(change.user_id).second
                                     : audience_->ids.erase(change.user_id) == 1;
        expect(is_news, "membership_changes", "who comes was not there, and who goes was", change.user_id);
        told.push_back(change.user_id);
      });
  if (code_of(end) == ErrorCode::history_pruned) {
    const bool is_pruned =
        before.epoch() != store_->position().epoch() || before.revision() + 1 < store_->stats().log_floor;
    expect(is_pruned, "membership_changes", "an answer: the log is there", ::usertags::test::told(end));
    return begin_audience(audience_->selector);
  }
  audience_->position = must(end, "membership_changes");
  expect(audience_->position == store_->position(), "the position of membership_changes", "that of the store",
         std::to_string(audience_->position.revision()));
  expect(std::ranges::is_sorted(told), "membership_changes", "the order of creation", "another");
  expect(audience_->ids == meant(audience_->selector), "the audience of '" + audience_->selector.text() + "'",
         std::to_string(meant(audience_->selector).size()) + " users", std::to_string(audience_->ids.size()));
}

void CheckedStore::tag_keys(const std::string& prefix, std::size_t limit) {
  if (limit >= 1 && limit <= 10'000) return expect_keys(*store_, prefix, limit, reference_);
  const auto refused = store_->tag_keys({prefix, limit, {}});
  expect(code_of(refused) == ErrorCode::invalid_argument, "tag_keys", "invalid_argument", told(refused));
}

void CheckedStore::tag_values(const std::string& key, const std::string& prefix, std::size_t limit) {
  const bool is_key = broken_rules_of_key(key, OperationKind::set).empty();
  if (is_key && limit >= 1 && limit <= 10'000) return expect_values(*store_, key, prefix, limit, reference_);
  const auto refused = store_->tag_values(key, {prefix, limit, {}});
  expect(code_of(refused) == ErrorCode::invalid_argument, "tag_values of " + in_quotes(key),
         "invalid_argument", told(refused));
}

void CheckedStore::wait(std::uint64_t behind) {
  const std::uint64_t newest = reference_.revision();
  const Position here = store_->position();
  expect_number("position()", newest, here.revision());
  const auto at_once = std::chrono::milliseconds(0);
  const auto waited = store_->wait_for_changes(here.at(newest - std::min(behind, newest)), at_once);
  const bool is_behind = std::min(behind, newest) > 0;
  expect(is_behind ? waited == newest : code_of(waited) == ErrorCode::timeout, "wait_for_changes",
         is_behind ? std::to_string(newest) : "timeout", told(waited));
  const auto early = store_->changes(here.at(newest + 1 + behind));
  expect(code_of(early) == ErrorCode::future_revision, "changes behind the future", "future_revision",
         told(early));
  expect_number("read_at_least", newest,
                must(store_->read_at_least(newest - std::min(behind, newest), at_once)));
  const auto late = store_->read_at_least(newest + 1 + behind, at_once);
  expect(code_of(late) == ErrorCode::timeout && late.error().current_revision() == newest, "read_at_least",
         "timeout at " + std::to_string(newest), told(late));
  expect_number("refresh of a store that writes", newest, must(store_->refresh()));
}

// --- Proofs. ---

void CheckedStore::check_all() {
  expect_equal(*store_, reference_);
  expect_log(*store_, reference_);
  check_remembered();
  const Stats stats = store_->stats();
  expect_figures(stats, reference_);
  if (!path_.empty()) expect_log_figures(stats, options_.settings->history, known_floor_);
  check_proof();
}

void CheckedStore::remember(const User& user, const ReferenceUser& meant) {
  remembered_.emplace_back(user, meant);
  if (remembered_.size() > kRemembered) remembered_.pop_front();
}

void CheckedStore::check_remembered() {
  for (const auto& [user, meant] : remembered_) {
    expect_shows("a snapshot handed out before", user, meant, reference_.id(meant.ordinal));
  }
}

void CheckedStore::check_proof() {
  const VerifyReport report = must(store_->verify(), "verify");
  expect(report.ok(), "verify", "no problem", report.ok() ? "" : report.problems.front().what);
  expect_number<std::uint64_t>("verify().revision", reference_.revision(), report.revision);
  expect_number<std::uint64_t>("verify().users", reference_.users().size(), report.users);
  if (!path_.empty()) {
    const Stats stats = store_->stats();
    expect_number("verify().changes", stats.revision + 1 - stats.log_floor, report.changes);
  }
  if (proof_) {
    const bool same_users = proof_->second == reference_.users();
    expect((proof_->first == report.digest) == same_users, "digest against the one before",
           same_users ? "the same, " + proof_->first : "another", report.digest);
  }
  proof_.emplace(report.digest, reference_.users());
}

void CheckedStore::check_views() {
  expect_views_equal(path_, reference_);
}

void CheckedStore::check_read_only() {
  Options options = options_;
  options.access = Access::read_only;
  const auto before = file_bytes(path_);
  {
    const auto reader = must(UserTagStore::open(path_, options), "open read-only");
    expect_equal(reader, reference_);
    expect_log(reader, reference_);
    expect_inspected(must(Inspector::open(path_), "inspect"), reader, reference_);
  }
  expect(file_bytes(path_) == before, "the bytes of database and WAL", "as before they were looked at",
         "changed");
}

void CheckedStore::check_follower() {
  Options options = options_;
  options.access = Access::read_only;
  if (!follower_) follower_.emplace(must(UserTagStore::open(path_, options), "open read-only"));
  expect_number("refresh", reference_.revision(), must(follower_->refresh(), "refresh"));
  expect_equal(*follower_, reference_);
  expect_figures(follower_->stats(), reference_);
  const VerifyReport report = must(follower_->verify(), "verify of a follower");
  expect(report.ok(), "verify of a follower", "no problem", report.ok() ? "" : report.problems.front().what);
  expect_number<std::uint64_t>("verify().revision of a follower", reference_.revision(), report.revision);
}

void CheckedStore::check_backup() {
  const TempDir folder(memory_folder());
  const std::filesystem::path copy = folder / "copy.db";
  must(store_->backup(copy), "backup");
  Options options;
  options.access = Access::read_only;
  const auto bytes = file_bytes(copy);
  {
    const auto reader = must(UserTagStore::open(copy, options), "open a copy read-only");
    expect_equal(reader, reference_);
    expect_log(reader, reference_);
  }
  expect(file_bytes(copy) == bytes, "the bytes of a copy", "as before it was read", "changed");
  options.access = Access::read_write;
  options.durability = Durability::relaxed;
  auto restored = must(UserTagStore::open(copy, options), "open a copy");
  expect_equal(restored, reference_);
  expect(restored.position().epoch() > store_->position().epoch(), "the epoch of a copy",
         "above " + std::to_string(store_->position().epoch()), std::to_string(restored.position().epoch()));
  const Applied created = must(restored.create_user("somebody of the copy"), "a write to a copy");
  expect_number("the first revision of a copy", reference_.revision() + 1, created.revision);
  expect_number("users of the original", reference_.users().size(), store_->stats().users);
}

namespace {

// One of them by number: another value, a tag less, or the user gone.
bool edit(const std::filesystem::path& path, const ReferenceStore& reference, std::size_t number) {
  if (reference.users().empty()) return false;
  const auto nth =
      std::next(reference.users().begin(), static_cast<std::ptrdiff_t>(number % reference.users().size()));
  const std::string where = " WHERE id = '" + reference.id(nth->first) + "'";
  const std::size_t kind = number / reference.users().size() % 3;
  StockSqlite stock(path);
  const std::string value = "foreign " + std::to_string(reference.revision());
  if (kind == 0) stock.run("UPDATE user SET tags = json_set(tags, '$.tier', '" + value + "')" + where);
  if (kind == 1) stock.run("UPDATE user SET tags = json_object('tier', '" + value + "')" + where);
  if (kind == 2) stock.run("UPDATE user SET tags = NULL" + where);
  return true;
}

bool is_exact(const Adoption& adoption) {
  return std::ranges::all_of(adoption.changes, [](const ForeignChange& change) {
    return change.problem.empty() && change.complete;
  });
}

}   // namespace

void CheckedStore::check_adoption(std::size_t number) {
  const std::uint64_t epoch = store_->position().epoch();
  bool adopted = false;
  must(store_->close(), "close");
  store_.reset();
  const std::string before = bytes_of(path_);
  if (edit(path_, reference_, number)) {
    const auto refused = UserTagStore::open(path_, options_);
    expect(code_of(refused) == ErrorCode::foreign_write, "open after a foreign write", "foreign_write",
           told(refused));
    const Adoption seen = must(UserTagStore::adopt(path_, {.dry_run = true}), "a dry run of adopt");
    expect(!seen.adopted && !seen.changes.empty(), "a dry run of adopt", "changes", "none");
    if (is_exact(seen)) {
      const Adoption adoption = must(UserTagStore::adopt(path_, {.note = "taken in"}), "adopt");
      expect(adoption.adopted && adoption.changes.size() == seen.changes.size(), "adopt",
             "what the dry run showed", "another thing");
      take_in(reference_, adoption, "taken in");
      adopted = true;
    } else {
      follower_.reset();   // the file is written anew
      std::filesystem::remove(beside(path_, "-wal"));
      std::filesystem::remove(beside(path_, "-shm"));
      std::ofstream(path_, std::ios::binary) << before;
    }
  }
  open();
  expect((store_->position().epoch() > epoch) == adopted, "the epoch after a foreign write",
         adopted ? "a new one" : "that from before", std::to_string(store_->position().epoch()));
}

}   // namespace usertags::test
