#include "store/adopt/adoption_survey.hpp"

#include <algorithm>
#include <functional>
#include <utility>

#include "index/token_index.hpp"
#include "model/change.hpp"
#include "model/digest.hpp"
#include "model/failure.hpp"
#include "model/foreign_tags.hpp"
#include "sqlite/maintenance.hpp"
#include "sqlite/tables.hpp"
#include "store/load/loader.hpp"
#include "store/load/log_walk.hpp"
#include "store/load/replay.hpp"

namespace usertags::store {
namespace {

using model::Change;
using model::ChangeKind;
using model::Record;
using model::RecordPtr;

ForeignRow copy_of(const sqlite::UserTable::Row& row) {
  return {row.ordinal,  std::string(row.id), std::string(row.external_id),
          row.revision, row.checksum,        row.tags ? std::optional<std::string>(*row.tags) : std::nullopt};
}

// What the row says, whoever wrote it; null where a record has no room for it: texts too long, a key that is
// empty or comes twice.
RecordPtr record_of(const sqlite::UserTable::Row& row) {
  const auto foreign = row.tags ? model::parse_foreign_tags(*row.tags) : std::vector<model::ForeignTag>();
  std::vector<Tag> tags;
  for (const auto& [key, value] : foreign.value()) tags.push_back({key, value});
  const bool repeats = std::ranges::adjacent_find(tags, {}, &Tag::key) != tags.end();
  const auto id = model::parse_user_id(row.id);
  if (repeats || !id || !is_user(row.external_id, tags)) return {};
  RecordPtr user = Record::make(row.ordinal, row.revision, *id, row.external_id, tags);
  return row.tags ? user : Record::make_tombstone(*user, row.revision);
}

class Surveying {
 public:
  explicit Surveying(sqlite::Connection& connection) : connection_(connection) {}

  Survey run() {
    check_structure();
    survey_.state = sqlite::StateTable(connection_).read();
    read_rows();
    walk_log(connection_, survey_.state, survey_.state.log_floor, refuse_problem,
             [this](const Change& change, const model::Segment& segment) { read(change, segment); });
    std::ranges::sort(survey_.backlog);
    const auto repeated = std::ranges::unique(survey_.backlog);
    survey_.backlog.erase(repeated.begin(), repeated.end());
    read_tokens();
    return std::move(survey_);
  }

 private:
  void check_structure() {
    const auto problems = sqlite::integrity_problems(connection_);
    if (!problems.empty()) {
      const std::size_t more = problems.size() - 1;
      model::fail(ErrorCode::corrupt_store, "SQLite finds " + connection_.name() +
                                                " damaged: " + problems.front() +
                                                (more == 0 ? "" : ", and " + std::to_string(more) + " more"));
    }
  }

  // --- Rows. ---

  void read_rows() {
    sqlite::UserTable::Reader rows(connection_);
    while (const auto row = rows.next()) {
      if (row->ordinal > survey_.state.last_ordinal)
        survey_.inserted.push_back(copy_of(*row));
      else if (RecordPtr user = read(*row))
        survey_.users.push_back(std::move(user));
    }
  }

  RecordPtr read(const sqlite::UserTable::Row& row) {
    auto record = to_record(row, decoder_);
    if (record) return *std::move(record);
    const auto& [code, what] = record.error();
    if (code == ErrorCode::corrupt_store) refuse_problem(wrong_row(row.ordinal, row.id, code, what));
    RecordPtr user = record_of(row);
    survey_.foreign.push_back(copy_of(row));
    survey_.foreign.back().bears_checksum = user && model::row_checksum(*user) == row.checksum;
    return user;
  }

  // --- The log. ---

  // Loading begins behind what is folded, which is the end of a segment.
  void read(const Change& change, const model::Segment& segment) {
    const std::uint64_t folded = survey_.state.folded_revision;
    if (segment.first <= folded && folded < segment.last)
      refuse_problem({VerifyReport::Kind::log, ErrorCode::corrupt_store, {}, broken_log(folded + 1)});
    Past& past = survey_.pasts[change.ordinal];
    note(change, past);
    past.newest_end = segment.last;
    if (change.revision > survey_.state.folded_revision) apply(change);
  }

  void note(const Change& change, Past& past) {
    if (change.ordinal > survey_.state.last_ordinal || !replay_.can_read(change)) unreadable(change);
    past.newest = change.revision;
    if (change.revision <= survey_.state.folded_revision) past.newest_folded = change.revision;
    if (past.deleted_at != 0) unreadable(change);
    if (change.kind == ChangeKind::deleted) past.deleted_at = change.revision;
    if (change.kind == ChangeKind::created || past.user) {
      past.user = replay_.next_version(change, past.user.get());
      if (!past.user) unreadable(change);
    } else if (change.kind == ChangeKind::patched) {
      mention(change, past);
    }
  }

  void mention(const Change& change, Past& past) {
    const auto deltas = decoder_.patch(change.patch).value();
    for (const model::TagDelta& delta : deltas) past.keys.emplace(delta.key);
  }

  // As loading does: creations and deletions are in their rows already.
  void apply(const Change& change) {
    if (change.kind != ChangeKind::patched) return;
    const auto place = std::ranges::lower_bound(survey_.users, change.ordinal, {},
                                                [](const RecordPtr& user) { return user->ordinal(); });
    if (place == survey_.users.end() || (*place)->ordinal() != change.ordinal) return;
    RecordPtr& user = *place;
    if (user->is_tombstone() || user->revision() >= change.revision) return;
    user = replay_.patch(change, *user);
    if (!user) unreadable(change);
    survey_.backlog.push_back(change.ordinal);
  }

  [[noreturn]] static void unreadable(const Change& change) {
    model::fail(ErrorCode::corrupt_store, unreadable_change(change.revision));
  }

  // --- Tokens. ---

  void read_tokens() {
    index::TokenIndex tokens;
    walk_tokens(connection_, survey_.state, tokens, [this](const BadTokens& bad) {
      if (bad.first > survey_.state.last_token)
        ++survey_.tokens_inserted;
      else
        survey_.last_bad_token = bad.last;
    });
  }

  sqlite::Connection& connection_;
  Survey survey_;
  model::PatchDecoder decoder_;
  Replay replay_;
};

}   // namespace

Survey survey(sqlite::Connection& connection) {
  return Surveying(connection).run();
}

}   // namespace usertags::store
