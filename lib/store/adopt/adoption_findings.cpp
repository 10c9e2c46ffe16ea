#include "store/adopt/adoption_findings.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <iterator>
#include <limits>
#include <optional>
#include <ranges>
#include <span>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>

#include "model/batch_plan.hpp"
#include "model/digest.hpp"
#include "model/failure.hpp"
#include "model/foreign_tags.hpp"
#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"
#include "model/typeid.hpp"
#include "store/load/replay.hpp"

namespace usertags::store {

namespace {

using model::Record;
using model::RecordPtr;

// What the digest of the commit record has to come to, if nothing was changed but what was found. Of a user
// whose tags can no longer be told the row's checksum is left, as a rule: the low half of its hash.
class ExpectedDigest {
 public:
  void add(const Record& user) noexcept {
    if (!user.is_tombstone()) sum_ += model::user_hash(user);
  }
  void add_low_half(std::int64_t checksum) noexcept {
    sum_ += {.low = static_cast<std::uint64_t>(checksum), .high = 0};
    low_half_only_ = true;
  }
  void give_up() noexcept { is_open_ = true; }

  bool comes_to(const model::Digest& digest) const noexcept {
    return !is_open_ && (low_half_only_ ? sum_.low == digest.low : sum_ == digest);
  }

 private:
  model::Digest sum_;
  bool low_half_only_ = false;
  bool is_open_ = false;
};

TagChange removal(std::string_view key) {
  return {std::string(key), std::nullopt};
}

TagChange removal(const Tag& tag) {
  return {std::string(tag.key), std::nullopt, std::string(tag.value)};
}

// What leads from one version to another. Both are sorted by key.
std::vector<TagChange> difference(const Record& before, const Record& after) {
  std::vector<TagChange> changes;
  auto old = before.begin();
  for (const Tag tag : after) {
    for (; old != before.end() && old->key < tag.key; ++old) changes.push_back(removal(*old));
    const bool had_key = old != before.end() && old->key == tag.key;
    if (!had_key)
      changes.push_back({std::string(tag.key), std::string(tag.value)});
    else if (old->value != tag.value)
      changes.push_back({std::string(tag.key), std::string(tag.value), std::string(old->value)});
    if (had_key) ++old;
  }
  for (; old != before.end(); ++old) changes.push_back(removal(*old));
  return changes;
}

std::vector<TagChange> all_tags(const Record& user) {
  std::vector<TagChange> changes;
  for (const Tag tag : user) changes.push_back({std::string(tag.key), std::string(tag.value)});
  return changes;
}

// None where the text is no object of strings.
std::optional<std::vector<TagChange>> all_tags(std::string_view json) {
  auto tags = is_well_formed(json) ? model::parse_foreign_tags(json) : std::nullopt;
  if (!tags) return std::nullopt;
  std::vector<TagChange> changes;
  for (auto& [key, value] : *tags) changes.push_back({std::move(key), std::move(value)});
  return changes;
}

bool is_same(const Record& one, const Record& other) noexcept {
  return one.version_bytes() == other.version_bytes();
}

bool has_row(const Survey& survey, std::uint32_t ordinal) {
  return std::ranges::binary_search(survey.foreign, ordinal, {}, &ForeignRow::ordinal) ||
         std::ranges::binary_search(survey.users, ordinal, {},
                                    [](const RecordPtr& user) { return user->ordinal(); });
}

class Comparison {
 public:
  explicit Comparison(const Survey& survey) : survey_(survey) {}

  Findings run() {
    compare_rows();
    find_missing();
    for (const ForeignRow& row : survey_.inserted) inserted(row);
    std::ranges::sort(findings_.all, {}, [](const Finding& finding) {
      // By kind: deletions free external ids, creations take them.
      constexpr int kOrder[] = {0, 2, 1, 0};
      return std::tuple(kOrder[static_cast<int>(finding.change.kind)], finding.ordinal);
    });
    findings_.proved = expected_.comes_to(survey_.state.digest);
    return std::move(findings_);
  }

 private:
  // One user as its row has it: a record, a foreign row, or both; and as the log has it.
  struct Evidence {
    RecordPtr user;
    const ForeignRow* foreign = nullptr;
    const Past& past;

    std::uint32_t ordinal() const noexcept { return user ? user->ordinal() : foreign->ordinal; }
    std::uint64_t revision() const noexcept { return user ? user->revision() : foreign->revision; }
    bool is_tombstone() const noexcept { return foreign != nullptr ? !foreign->tags : user->is_tombstone(); }
    // An old row was put back: it lacks what was folded.
    bool is_stale() const noexcept { return revision() < past.newest_folded; }
  };

  Finding& found(ChangeKind kind, const Record& user) {
    const UserId id = user.id();
    return found(kind, user.ordinal(), id, user.external_id());
  }
  Finding& found(ChangeKind kind, std::uint32_t ordinal, std::string_view id, std::string_view external_id) {
    Finding& finding = findings_.all.emplace_back();
    finding.ordinal = ordinal;
    finding.change.kind = kind;
    finding.change.user_id = id;
    finding.change.external_id = external_id;
    return finding;
  }

  const Past& past_of(std::uint32_t ordinal) const {
    static const Past nothing;
    const auto past = survey_.pasts.find(ordinal);
    return past == survey_.pasts.end() ? nothing : past->second;
  }

  // Users and foreign rows are in the order of ordinals; a foreign row may be without a record.
  void compare_rows() {
    auto foreign = survey_.foreign.begin();
    const auto end = survey_.foreign.end();
    const auto without_record = [&](std::uint32_t before) {
      for (; foreign != end && foreign->ordinal < before; ++foreign)
        compare({{}, &*foreign, past_of(foreign->ordinal)});
    };
    for (const RecordPtr& user : survey_.users) {
      without_record(user->ordinal());
      const bool is_foreign = foreign != end && foreign->ordinal == user->ordinal();
      compare({user, is_foreign ? &*foreign++ : nullptr, past_of(user->ordinal())});
    }
    if (foreign != end) without_record(survey_.foreign.back().ordinal + 1);
  }

  void compare(const Evidence& evidence) {
    if (evidence.is_tombstone())
      compare_buried(evidence);
    else if (evidence.past.user)
      compare_with_log(evidence, evidence.past.user);
    else
      compare_alone(evidence);
  }

  // --- A living row, where the log has the user from its creation on. ---

  void compare_with_log(const Evidence& evidence, const RecordPtr& was) {
    expected_.add(*was);
    if (evidence.foreign == nullptr && is_same(*evidence.user, *was)) return;
    Finding& finding = found(ChangeKind::patched, *was);
    finding.was = was;
    finding.user = evidence.user;
    finding.change.tags = tags_now(evidence);
    finding.change.problem = problem_of(evidence);
    finding.change.complete = evidence.user && finding.change.problem.empty();
    if (!finding.change.complete) return;
    finding.change.tags = difference(*was, *evidence.user);
    finding.change.logged = !finding.change.tags.empty();
    if (!finding.change.logged) finding.user = was;
  }

  static std::vector<TagChange> tags_now(const Evidence& evidence) {
    return evidence.user ? all_tags(*evidence.user) : all_tags(*evidence.foreign->tags).value();
  }

  std::string problem_of(const Evidence& evidence) const {
    const auto changed = [](const char* what, std::string_view was) {
      return std::string("its ") + what + " was " + model::quoted(was) +
             ", and no user gets another: change it back, or insert a row for a new user";
    };
    const Past& past = evidence.past;
    if (past.deleted_at != 0)
      return "the user was deleted at revision " + std::to_string(past.deleted_at) +
             ", and an id never comes back: insert a row for a new user";
    if (evidence.revision() > survey_.state.revision)
      return "its row is at revision " + std::to_string(evidence.revision()) +
             ", and the store has only come to " + std::to_string(survey_.state.revision);
    if (!past.user) return {};
    const std::string id = evidence.user ? std::string(evidence.user->id()) : evidence.foreign->id;
    const std::string_view external_id =
        evidence.user ? evidence.user->external_id() : std::string_view(evidence.foreign->external_id);
    if (const UserId was = past.user->id(); was != id) return changed("id", was);
    if (external_id != past.user->external_id()) return changed("external id", past.user->external_id());
    return {};
  }

  // --- A living row, where the log does not. ---

  void compare_alone(const Evidence& evidence) {
    const bool is_foreign = evidence.foreign != nullptr || evidence.is_stale();
    std::string problem = problem_of(evidence);
    if (!is_foreign && problem.empty()) return expected_.add(*evidence.user);
    Finding& finding = evidence.user ? found(ChangeKind::patched, *evidence.user)
                                     : found(ChangeKind::patched, evidence.foreign->ordinal,
                                             evidence.foreign->id, evidence.foreign->external_id);
    finding.user = evidence.user;
    finding.change.problem = std::move(problem);
    if (evidence.foreign != nullptr && evidence.foreign->bears_checksum && !evidence.is_stale())
      return only_spelt_otherwise(evidence, finding);
    expect_without_tags(evidence);
    finding.change.complete = false;
    finding.change.tags = tags_now(evidence);
    remove_mentioned(evidence.past, finding.change.tags);
    if (finding.change.tags.empty() && finding.change.problem.empty())
      finding.change.problem =
          "it has no tags, and the log no longer tells which it had: give it one, adopt, and delete that "
          "again";
  }

  void only_spelt_otherwise(const Evidence& evidence, Finding& finding) {
    expected_.add(*evidence.user);
    finding.was = evidence.user;
    finding.change.logged = false;
  }

  void expect_without_tags(const Evidence& evidence) {
    const bool has_checksum =
        evidence.foreign != nullptr && !evidence.is_stale() &&
        evidence.past.newest <= std::max(evidence.past.newest_folded, evidence.foreign->revision);
    if (has_checksum)
      expected_.add_low_half(evidence.foreign->checksum);
    else
      expected_.give_up();
  }

  static void remove_mentioned(const Past& past, std::vector<TagChange>& tags) {
    std::vector<TagChange> removals;
    for (const std::string& key : past.keys) {
      if (!std::ranges::binary_search(tags, key, {}, &TagChange::key)) removals.push_back(removal(key));
    }
    std::ranges::move(removals, std::back_inserter(tags));
    std::ranges::sort(tags, {}, &TagChange::key);
  }

  // --- A tombstone. ---

  void compare_buried(const Evidence& evidence) {
    const Past& past = evidence.past;
    if (past.user && !past.user->is_tombstone()) return deleted(past.user);
    if (past.deleted_at == 0) {
      expect_without_tags(evidence);
      found(ChangeKind::deleted, *evidence.user).user = evidence.user;
      return;
    }
    const RecordPtr was = past.user ? past.user : Record::make_tombstone(*evidence.user, past.deleted_at);
    if (evidence.foreign == nullptr && is_same(*evidence.user, *was)) return;
    restored(was).was = past.user;
  }

  void deleted(const RecordPtr& was) {
    expected_.add(*was);
    Finding& finding = found(ChangeKind::deleted, *was);
    finding.was = was;
    finding.user = Record::make_tombstone(*was, was->revision());
  }

  Finding& restored(const RecordPtr& tombstone) {
    Finding& finding = found(ChangeKind::deleted, *tombstone);
    finding.was = tombstone;
    finding.user = tombstone;
    finding.change.logged = false;
    return finding;
  }

  // --- No row. ---

  void find_missing() {
    for (const auto& [ordinal, past] : survey_.pasts) {
      if (!has_row(survey_, ordinal)) missing(past);
    }
  }

  void missing(const Past& past) {
    if (past.user && past.user->is_tombstone()) {
      restored(past.user);
    } else if (past.user) {
      deleted(past.user);
    } else {
      findings_.last_nameless = std::max(findings_.last_nameless, past.newest_end);
      if (past.deleted_at == 0) expected_.give_up();
    }
  }

  // --- A row more. ---

  void inserted(const ForeignRow& row) {
    ForeignChange& change = found(ChangeKind::created, row.ordinal, {}, row.external_id).change;
    auto tags = row.tags ? all_tags(*row.tags) : std::nullopt;
    if (tags)
      change.tags = *std::move(tags);
    else
      change.problem =
          row.tags ? "its tags are no JSON object of strings" : "it has no tags: NULL is for deleted users";
  }

  const Survey& survey_;
  Findings findings_;
  ExpectedDigest expected_;
};

class Judgement {
 public:
  Judgement(const Survey& survey, Findings& findings)
      : survey_(survey),
        findings_(findings),
        planner_({.tags_per_user = survey.state.settings.tags_per_user,
                  .operations_per_batch = std::numeric_limits<std::size_t>::max()}) {
    for (Finding& finding : findings.all) {
      if (finding.change.kind != ChangeKind::created) by_ordinal_[finding.ordinal] = &finding;
    }
  }

  void run() {
    for (Finding& finding : findings_.all) {
      check_tags(finding);
      if (is_named_by_hand(finding)) check_external_id(finding);
    }
    check_names();
    check_order();
  }

 private:
  static void problem(Finding& finding, std::string what) {
    if (finding.change.problem.empty()) finding.change.problem = std::move(what);
  }

  // Whether id and external id are as they stand in the row, for want of another witness.
  static bool is_named_by_hand(const Finding& finding) { return !finding.was; }

  // Who it is that has the row.
  static const Record& identity(const Record& row, const Finding* finding) {
    return finding != nullptr && finding->was ? *finding->was : row;
  }

  Finding* finding_of(const Record& user) const {
    const auto finding = by_ordinal_.find(user.ordinal());
    return finding == by_ordinal_.end() ? nullptr : finding->second;
  }

  // --- Tags. ---

  void check_tags(Finding& finding) {
    static const RecordPtr nobody = Record::make(0, 0, {}, {}, {});
    ForeignChange& change = finding.change;
    planner_.plan(finding.was && change.complete ? *finding.was : *nobody, operations_of(change));
    if (!planner_.refused()) return;
    change.violations = planner_.take_violations();
    problem(finding, "its tags break the rules");
  }

  static std::vector<Operation> operations_of(const ForeignChange& change) {
    std::vector<Operation> operations;
    for (const auto& [key, value, before] : change.tags) {
      const OperationKind kind = !value                               ? OperationKind::erase
                                 : change.kind == ChangeKind::created ? OperationKind::create
                                                                      : OperationKind::set;
      operations.push_back({kind, false, key, value.value_or(""), std::nullopt});
    }
    return operations;
  }

  // --- External ids. Of two users with the same one, the problem is with the one who was changed. ---

  static void check_external_id(Finding& finding) {
    if (auto wrong = model::check_external_id(finding.change.external_id))
      problem(finding, "its external id " + *std::move(wrong));
  }

  void check_names() {
    std::vector<Finding*> named_by_hand;
    for (const RecordPtr& user : survey_.users) {
      Finding* finding = finding_of(*user);
      if (user->is_tombstone() || (finding != nullptr && finding->change.kind == ChangeKind::deleted))
        continue;
      if (finding != nullptr && is_named_by_hand(*finding))
        named_by_hand.push_back(finding);
      else
        take_name(identity(*user, finding));
    }
    for (Finding& finding : findings_.all) {
      if (finding.change.kind == ChangeKind::created) named_by_hand.push_back(&finding);
    }
    for (Finding* finding : named_by_hand) take_name(*finding);
  }

  void take_name(const Record& user) {
    if (holders_.try_emplace(user.external_id(), user.id()).second) return;
    model::fail(ErrorCode::corrupt_store,
                "two users have the external id " + model::quoted(user.external_id()));
  }

  void take_name(Finding& finding) {
    const ForeignChange& change = finding.change;
    const auto [holder, is_free] = holders_.try_emplace(change.external_id, change.user_id);
    if (is_free) return;
    const std::string& id = holder->second;
    problem(finding, "the external id " + model::quoted(change.external_id) + " belongs to " +
                         (id.empty() ? "another inserted user" : id));
  }

  // --- Ids. They grow with ordinals; one that was set by hand has to fit between its neighbours. ---

  // Who is to have a row.
  struct Place {
    const Record* user;
    Finding* finding;
  };

  void check_order() {
    const std::vector<Place> places = all_places();
    std::uint64_t next = std::numeric_limits<std::uint64_t>::max();
    for (const auto& [user, finding] : std::views::reverse(places)) {
      const bool fits = order_of(*user) < next && user->uuid() <= survey_.state.last_id;
      if (finding != nullptr && is_named_by_hand(*finding)) {
        if (!fits) out_of_order(*finding);
        continue;
      }
      if (!fits) fail_order(*user);
      next = order_of(*user);
    }
    check_ascending(places);
  }

  static void check_ascending(std::span<const Place> places) {
    std::uint64_t last = 0;
    for (const auto& [user, finding] : places) {
      if (finding != nullptr && is_named_by_hand(*finding) && !finding->change.problem.empty()) continue;
      if (order_of(*user) > last)
        last = order_of(*user);
      else if (finding != nullptr)
        out_of_order(*finding);
    }
  }

  // In the order of ordinals: those who have a row, and those whose row was deleted and is put back.
  std::vector<Place> all_places() const {
    std::vector<Place> places;
    for (const RecordPtr& user : survey_.users) {
      Finding* const finding = finding_of(*user);
      places.push_back({&identity(*user, finding), finding});
    }
    for (Finding& finding : findings_.all) {
      if (finding.change.kind == ChangeKind::deleted && !has_row(survey_, finding.ordinal))
        places.push_back({finding.was.get(), &finding});
    }
    std::ranges::sort(places, {}, [](const Place& place) { return place.user->ordinal(); });
    return places;
  }

  static std::uint64_t order_of(const Record& user) { return model::uuid_order(user.uuid()); }

  static void out_of_order(Finding& finding) {
    problem(finding,
            "its id is not between those of the users before and after it: insert a row for a new user");
  }
  [[noreturn]] static void fail_order(const Record& user) {
    model::fail(ErrorCode::corrupt_store, std::string(user.id()) + " is out of order");
  }

  const Survey& survey_;
  Findings& findings_;
  model::BatchPlanner planner_;
  boost::unordered_flat_map<std::uint32_t, Finding*> by_ordinal_;
  boost::unordered_flat_map<std::string_view, std::string> holders_;   // external id to id
};

}   // namespace

void judge(const Survey& survey, Findings& findings) {
  Judgement(survey, findings).run();
}

Findings find_differences(const Survey& survey) {
  return Comparison(survey).run();
}

}   // namespace usertags::store
