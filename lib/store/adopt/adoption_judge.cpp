#include "store/adopt/adoption_judge.hpp"

#include <boost/unordered/unordered_flat_map.hpp>
#include <limits>
#include <ranges>
#include <string>
#include <string_view>

#include "model/batch_plan.hpp"
#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"
#include "model/typeid.hpp"

namespace usertags::store {
namespace {

using model::Record;
using model::RecordPtr;

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
    static const RecordPtr nobody = Record::make(0, 0, std::string(model::kUserIdBytes, '0'), {}, {});
    ForeignChange& change = finding.change;
    planner_.plan(finding.was && change.complete ? *finding.was : *nobody, operations_of(change));
    if (!planner_.refused()) return;
    change.violations = planner_.take_violations();
    problem(finding, "its tags break the rules");
  }

  static std::vector<Operation> operations_of(const ForeignChange& change) {
    std::vector<Operation> operations;
    for (const auto& [key, value] : change.tags) {
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
    const std::string_view id = holder->second;
    problem(finding, "the external id " + model::quoted(change.external_id) + " belongs to " +
                         (id.empty() ? std::string("another inserted user") : std::string(id)));
  }

  // --- Ids. They grow with ordinals; one that was set by hand has to fit between its neighbours. ---

  void check_order() {
    std::uint64_t next = model::uuid_order(survey_.state.last_id) + 1;
    for (const RecordPtr& user : std::views::reverse(survey_.users)) {
      Finding* finding = finding_of(*user);
      const std::uint64_t order = order_of(identity(*user, finding));
      if (finding != nullptr && is_named_by_hand(*finding)) {
        if (order >= next || model::parse_user_id(user->id()) > survey_.state.last_id) out_of_order(*finding);
        continue;
      }
      if (order >= next) fail_order(*user);
      next = order;
    }
    check_ascending();
  }

  void check_ascending() {
    std::uint64_t last = 0;
    for (const RecordPtr& user : survey_.users) {
      Finding* finding = finding_of(*user);
      if (finding != nullptr && is_named_by_hand(*finding) && !finding->change.problem.empty()) continue;
      const std::uint64_t order = order_of(identity(*user, finding));
      if (order > last)
        last = order;
      else if (finding != nullptr)
        out_of_order(*finding);
    }
  }

  static std::uint64_t order_of(const Record& user) {
    return model::uuid_order(*model::parse_user_id(user.id()));
  }

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
  boost::unordered_flat_map<std::string_view, std::string_view> holders_;   // external id to id
};

}   // namespace

void judge(const Survey& survey, Findings& findings) {
  if (findings.all.empty() && findings.proved) return;
  Judgement(survey, findings).run();
}

}   // namespace usertags::store
