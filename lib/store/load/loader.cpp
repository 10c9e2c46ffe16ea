#include "store/load/loader.hpp"

#include <algorithm>
#include <boost/unordered/unordered_flat_set.hpp>
#include <exception>
#include <future>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "model/change.hpp"
#include "model/digest.hpp"
#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "model/signals_blocked.hpp"
#include "model/typeid.hpp"
#include "sqlite/change_log.hpp"
#include "sqlite/tables.hpp"
#include "store/load/log_walk.hpp"
#include "store/load/replay.hpp"
#include "store/load/row_batch.hpp"

namespace usertags::store {

namespace {

using model::ChangeKind;
using model::Record;
using model::RecordPtr;
using Kind = VerifyReport::Kind;

class Loading {
 public:
  Loading(sqlite::Connection& connection, const OnProblem& on_problem)
      : connection_(connection), on_problem_(on_problem) {}

  Loaded run(LogExtent extent) {
    read_state();
    read_rows();
    read_log(extent);
    std::erase_if(loaded_.records, [](const RecordPtr& record) { return record->is_tombstone(); });
    if (extent == LogExtent::whole) check_names(loaded_.records, on_problem_);
    expect_digest(digest_, loaded_.state, on_problem_);
    return std::move(loaded_);
  }

 private:
  void problem(Kind kind, ErrorCode code, std::string_view user_id, std::string what) const {
    on_problem_({kind, code, std::string(user_id), std::move(what)});
  }

  void read_state() {
    const auto [state, bears_checksum] = sqlite::StateTable(connection_).read_unproved();
    loaded_.state = state;
    if (bears_checksum) return;
    problem(Kind::state, ErrorCode::corrupt_store, {}, "the commit record does not bear its checksum");
  }

  // --- Rows. Tombstones stay among the records until the log is read. ---

  // One batch is made records of while the next one is read. What is wrong is told in the order of the batches: where a
  // row cannot be read, those before it come first.
  void read_rows() {
    sqlite::UserTable::Reader rows(connection_);
    auto batch = std::make_unique<RowBatch>();
    std::future<RowBatch::Users> before;
    std::exception_ptr failure;
    std::uint32_t last = 0;
    while (const auto row = next_row(rows, last, failure)) {
      if (batch->is_full()) {
        take(before);
        before = users_beside(std::move(batch));
        batch = std::make_unique<RowBatch>();
      }
      batch->add(*row);
    }
    take(before);
    take(batch->users(loaded_.state));
    if (failure) std::rethrow_exception(failure);
  }

  static std::optional<sqlite::UserTable::Row> next_row(sqlite::UserTable::Reader& rows, std::uint32_t& last,
                                                        std::exception_ptr& failure) {
    try {
      auto row = rows.next();
      if (row) expect_order(*row, std::exchange(last, row->ordinal));
      return row;
    } catch (const model::Failure&) {
      failure = std::current_exception();
      return std::nullopt;
    }
  }

  std::future<RowBatch::Users> users_beside(std::unique_ptr<RowBatch> batch) const {
    return model::begin_beside(
        [&state = loaded_.state, batch = std::move(batch)] { return batch->users(state); });
  }

  void take(std::future<RowBatch::Users>& users) {
    if (users.valid()) take(users.get());
  }
  void take(RowBatch::Users users) {
    for (const FileProblem& found : users.problems) on_problem_(found);
    for (RecordPtr& user : users.records) {
      if (!order_.takes(*user)) on_problem_(wrong_row(*user, kIdOutOfOrder));
      loaded_.records.push_back(std::move(user));
    }
    digest_ += users.digest;
  }

  // --- The log. ---

  void read_log(LogExtent extent) {
    const sqlite::State& state = loaded_.state;
    if (extent == LogExtent::to_replay) check_oldest_segment();
    const std::uint64_t first = extent == LogExtent::whole ? state.log_floor : state.folded_revision + 1;
    loaded_.changes = walk_log(connection_, state, first, on_problem_,
                               [&](const model::Change& change, const model::Segment&) {
                                 extent == LogExtent::whole ? prove(change) : replay(change);
                               });
    for (const auto& [ordinal, key] : unlike_)
      on_problem_(
          wrong_row(**record_of(ordinal), "has not what the log has of its key " + model::quoted(key)));
    std::ranges::sort(loaded_.backlog);
    const auto repeated = std::ranges::unique(loaded_.backlog);
    loaded_.backlog.erase(repeated.begin(), repeated.end());
  }

  // Of what is folded, the oldest segment alone is read: it tells of a log that lost its beginning.
  void check_oldest_segment() {
    const sqlite::State& state = loaded_.state;
    if (state.log_floor > state.revision) return;
    sqlite::ChangeLog::Reader segments(connection_);
    const sqlite::ChangeLog::Reader::Walk walk(segments, 1);
    const auto oldest = segments.next();
    if (oldest && oldest->follows(state.log_floor, state.floor_checksum)) return;
    problem(Kind::log, ErrorCode::corrupt_store, {}, broken_log(state.log_floor));
  }

  // What an open does not look at.
  void prove(const model::Change& change) {
    if (!replay_.can_read(change)) return unreadable(change);
    if (change.kind == ChangeKind::patched && change.revision > loaded_.state.folded_revision) {
      const RecordPtr* const row = record_of(change.ordinal);
      const bool is_ahead =
          row != nullptr && !(*row)->is_tombstone() && (*row)->revision() >= change.revision;
      if (is_ahead) compare(change, **row);
    }
    replay(change);
  }

  // A row that is ahead of the fold has what the log has up to its revision; the views lay the same over it again.
  // Of the changes of a key the last one counts.
  void compare(const model::Change& patch, const Record& row) {
    const auto deltas = decoder_.patch(patch.patch).value();
    for (const model::TagDelta& delta : deltas) {
      const bool is_like = row.find(delta.key) == delta.value;
      if (!is_like)
        unlike_.emplace(patch.ordinal, delta.key);
      else if (!unlike_.empty())
        unlike_.erase({patch.ordinal, std::string(delta.key)});
    }
  }

  // Creations and deletions are in their rows already.
  void replay(const model::Change& change) {
    RecordPtr* const record = record_of(change.ordinal);
    if (record == nullptr) return missing(change);
    if (!fits(change, **record))
      return on_problem_(wrong_row(**record, "does not fit change " + std::to_string(change.revision)));
    if (change.kind != ChangeKind::patched || (*record)->revision() >= change.revision) return;
    RecordPtr patched = replay_.patch(change, **record);
    if (!patched) return unreadable(change);
    model::replace_user(record->get(), *patched, digest_);
    *record = std::move(patched);
    loaded_.backlog.push_back(change.ordinal);
  }

  // A deletion is a user's last change, and leaves a tombstone.
  static bool fits(const model::Change& change, const Record& record) noexcept {
    const bool is_deleted = record.is_tombstone() && record.revision() <= change.revision;
    return change.kind == ChangeKind::deleted ? is_deleted && record.revision() == change.revision
                                              : !is_deleted;
  }

  RecordPtr* record_of(std::uint32_t ordinal) {
    const auto place = std::ranges::lower_bound(loaded_.records, ordinal, {},
                                                [](const RecordPtr& record) { return record->ordinal(); });
    return place == loaded_.records.end() || (*place)->ordinal() != ordinal ? nullptr : &*place;
  }

  // A user's row may be gone only when the user was deleted and the log no longer reaches back to that.
  void missing(const model::Change& change) {
    problem(Kind::user_row, ErrorCode::foreign_write, {}, missing_row(change.ordinal, change.revision));
  }

  void unreadable(const model::Change& change) {
    problem(Kind::log, ErrorCode::corrupt_store, {}, unreadable_change(change.revision));
  }

  sqlite::Connection& connection_;
  const OnProblem& on_problem_;
  Loaded loaded_;
  model::Digest digest_;   // of the living
  IdOrder order_;
  Replay replay_;
  model::PatchDecoder decoder_;
  std::set<std::pair<std::uint32_t, std::string>> unlike_;   // users' keys, whose rows are not as the log
};

}   // namespace

void check_names(std::span<const RecordPtr> users, const OnProblem& on_problem) {
  boost::unordered_flat_set<std::string_view> names;
  names.reserve(users.size());
  for (const RecordPtr& user : users) {
    if (names.insert(user->external_id()).second) continue;
    on_problem({Kind::user_row, ErrorCode::corrupt_store, std::string(user->id()),
                "two users have the external id " + model::quoted(user->external_id())});
  }
}

Loaded load(sqlite::Connection& connection, LogExtent extent, const OnProblem& on_problem) {
  return Loading(connection, on_problem).run(extent);
}

namespace {

void add(const model::Token& token, index::TokenIndex& tokens) {
  auto addition = tokens.prepare(std::span(&token, 1));
  tokens.publish(addition);
}

// From a number on, or the floor.
void walk_from(std::uint64_t first, sqlite::Connection& connection, const sqlite::State& state,
               index::TokenIndex& tokens, const OnBadTokens& on_bad) {
  sqlite::TokenTable::Reader rows(connection);
  std::uint64_t expected = std::max(state.token_floor, first);
  const sqlite::TokenTable::Reader::Walk walk(rows, expected);
  while (const auto row = rows.next()) {
    const model::Token& token = row->token;
    if (token.seq > state.last_token) {
      on_bad({token.seq, token.seq, "was not given by the store"});
      continue;
    }
    if (token.seq < expected)
      model::fail(ErrorCode::corrupt_store,
                  "the rows of table 'token' are out of order at token " + std::to_string(token.seq));
    if (token.seq != expected) on_bad({expected, token.seq - 1, "is missing"});
    expected = token.seq + 1;
    if (!row->bears_checksum)
      on_bad({token.seq, token.seq, "is not as the store left it"});
    else if (tokens.find(token.text))
      on_bad({token.seq, token.seq, "is there twice"});
    else
      add(token, tokens);
  }
  if (expected <= state.last_token) on_bad({expected, state.last_token, "is missing"});
}

OnBadTokens told_to(const OnProblem& on_problem) {
  return [on_problem](const BadTokens& bad) {   // a copy: what was given may be a temporary
    on_problem({VerifyReport::Kind::token,
                ErrorCode::foreign_write,
                {},
                "token " + std::to_string(bad.first) + ' ' + std::string(bad.what)});
  };
}

}   // namespace

void walk_tokens(sqlite::Connection& connection, const sqlite::State& state, index::TokenIndex& tokens,
                 const OnBadTokens& on_bad) {
  walk_from(state.token_floor, connection, state, tokens, on_bad);
}

void load_tokens(sqlite::Connection& connection, const sqlite::State& state, index::TokenIndex& tokens,
                 const OnProblem& on_problem) {
  walk_tokens(connection, state, tokens, told_to(on_problem));
}

index::TokenIndex::Addition load_new_tokens(sqlite::Connection& connection, const sqlite::State& state,
                                            index::TokenIndex& known) {
  const OnBadTokens on_bad = told_to(refuse_problem);
  index::TokenIndex loaded;
  walk_from(known.newest() + 1, connection, state, loaded, on_bad);
  index::TokenIndex::Addition addition = loaded.take_all();
  for (const index::TokenPtr& token : addition) {
    if (known.seq_of(token->text()) >= state.token_floor)
      on_bad({token->seq(), token->seq(), "is there twice"});
  }
  known.make_room(addition);
  return addition;
}

}   // namespace usertags::store
