#include "store/adopt/adoption_writer.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_map.hpp>
#include <chrono>
#include <limits>
#include <string>
#include <vector>

#include "model/change.hpp"
#include "model/digest.hpp"
#include "model/failure.hpp"
#include "store/file/entropy.hpp"
#include "store/load/log_walk.hpp"
#include "store/write/pending_group.hpp"

namespace usertags::store {
namespace {

using model::Record;
using model::RecordPtr;

std::int64_t now_ms() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

class Adopting {
 public:
  Adopting(sqlite::Database& database, const Survey& survey, Findings& findings, std::string_view note)
      : database_(database), survey_(survey), findings_(findings), note_(note) {
    group_.begin(survey.state, now_ms(), survey.state.lived_ms);
  }

  sqlite::State run() {
    for (Finding& finding : findings_.all) decide(finding);
    group_.seal();   // with the settings and tokens that are there
    sqlite::State state = group_.state();
    state.digest = digest();
    state.epoch = next_epoch(state.epoch, entropy_.next());
    state.clean = true;
    state.folded_revision = state.revision;
    write_rows();
    database_.hashes().complete(0, state.last_ordinal);   // of all rows, which something else has written
    write_log();
    prune(state);
    database_.state().write(state);
    return state;
  }

 private:
  // --- What becomes of each. ---

  void decide(Finding& finding) {
    RecordPtr version = finding.change.logged ? next_version(finding) : finding.user;
    if (finding.change.logged) log(finding, version);
    if (finding.change.kind == ChangeKind::created)
      created_.push_back(std::move(version));
    else
      changed_.insert_or_assign(finding.ordinal, std::move(version));
  }

  RecordPtr next_version(Finding& finding) {
    const std::uint64_t revision = group_.state().revision + 1;
    if (group_.state().revision >= kLastNumber) throw model::Failure{used_up("2^63 - 2 revisions")};
    const Record* user = finding.user.get();
    switch (finding.change.kind) {
      case ChangeKind::created: return create(finding, revision);
      case ChangeKind::patched:
        tags_.assign(user->begin(), user->end());
        return Record::make(user->ordinal(), revision, user->uuid(), user->external_id(), tags_);
      case ChangeKind::deleted: return Record::make_tombstone(*user, revision);
    }
    return {};
  }

  RecordPtr create(Finding& finding, std::uint64_t revision) {
    sqlite::State& state = group_.state();
    auto id = next_id(state, entropy_.next(), finding.change.external_id);
    if (!id) throw model::Failure{std::move(id).error()};
    state.last_id = *id;
    tags_.clear();
    for (const auto& [key, value, before] : finding.change.tags) tags_.push_back({key, value.value()});
    RecordPtr user =
        Record::make(state.last_ordinal + 1, revision, state.last_id, finding.change.external_id, tags_);
    finding.change.user_id = user->id();
    return user;
  }

  void log(const Finding& finding, const RecordPtr& version) {
    deltas_.clear();
    if (finding.change.kind == ChangeKind::patched) {
      for (const auto& [key, value, before] : finding.change.tags) deltas_.push_back({key, value, before});
    }
    if (group_.add(finding.change.kind, {finding.was, version}, deltas_, note_)) return;
    model::fail(ErrorCode::transaction_too_large,
                "the log's entry of user " + std::string(version->id()) + " would be too long");
  }

  // --- All users, as they are then. ---

  const Record& now(const RecordPtr& user) const {
    const auto changed = changed_.find(user->ordinal());
    return changed == changed_.end() ? *user : *changed->second;
  }

  model::Digest digest() const {
    model::Digest digest;
    const auto add = [&](const Record& user) {
      if (!user.is_tombstone()) digest += model::user_hash(user);
    };
    for (const RecordPtr& user : survey_.users) add(now(user));
    for (const RecordPtr& user : created_) add(*user);
    return digest;
  }

  // --- The file. ---

  // Inserted rows go first: a user who is created may get the place of one.
  void write_rows() {
    sqlite::UserTable& users = database_.users();
    for (const ForeignRow& row : survey_.inserted) users.remove(row.ordinal);
    for (const auto& [ordinal, version] : changed_) users.put(*version);
    for (const RecordPtr& user : created_) users.put(*user);
    auto behind = survey_.backlog.begin();
    for (const RecordPtr& user : survey_.users) {
      if (behind == survey_.backlog.end() || *behind != user->ordinal()) continue;
      ++behind;
      if (!changed_.contains(user->ordinal())) users.put(*user);
    }
  }

  void write_log() {
    for (std::size_t i = 0; i < group_.segments(); ++i) database_.log().append(group_.segment(i));
  }

  void prune(sqlite::State& state) {
    const Floors floors = floors_after(survey_, findings_);
    if (floors.log > state.log_floor) {
      const auto last = database_.log().head(floors.log - 1);
      if (!last) model::fail(ErrorCode::corrupt_store, broken_log(floors.log - 1));
      database_.log().prune(floors.log - 1, database_.users());
      state.log_floor = floors.log;
      state.floor_checksum = last->checksum;
    }
    database_.tokens().prune(state.token_floor, floors.token - 1);
    database_.tokens().prune(state.last_token + 1, std::numeric_limits<std::int64_t>::max());
    state.token_floor = floors.token;
  }

  sqlite::Database& database_;
  const Survey& survey_;
  Findings& findings_;
  const std::string_view note_;
  PendingGroup group_;
  Entropy entropy_;
  boost::unordered_flat_map<std::uint32_t, RecordPtr> changed_;   // by ordinal, as they are to be
  std::vector<RecordPtr> created_;
  std::vector<Tag> tags_;                 // of the version under construction
  std::vector<model::TagDelta> deltas_;   // of the entry under construction
};

}   // namespace

Floors floors_after(const Survey& survey, const Findings& findings) noexcept {
  return {.log = std::max(survey.state.log_floor, findings.last_nameless + 1),
          .token = std::max(survey.state.token_floor, survey.last_bad_token + 1)};
}

bool differs(const Survey& survey, const Findings& findings) noexcept {
  const bool forgets =
      findings.last_nameless != 0 || survey.last_bad_token != 0 || survey.tokens_inserted != 0;
  return !findings.all.empty() || forgets || !findings.proved;
}

sqlite::State take_in(sqlite::Database& database, const Survey& survey, Findings& findings,
                      std::string_view note) {
  return Adopting(database, survey, findings, note).run();
}

}   // namespace usertags::store
