#include "store/load/loader.hpp"

#include <algorithm>
#include <exception>
#include <future>
#include <iterator>
#include <memory>
#include <optional>
#include <set>
#include <span>
#include <string>
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

  // One batch is made records of while the next one is read. What is wrong is told in the order of the rows: where one
  // cannot be read, those before it come first.
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
      check_order(*user);
      loaded_.records.push_back(std::move(user));
    }
    digest_ += users.digest;
  }

  // Ids grow with ordinals, also over users who were deleted: users are found by it.
  void check_order(const Record& user) {
    const std::uint64_t id = model::uuid_order(user.uuid());
    if (id <= std::exchange(last_id_, id)) {
      problem(Kind::user_row, ErrorCode::foreign_write, std::string(user.id()),
              "the id of user " + std::to_string(user.ordinal()) + " is out of order");
    }
  }

  // --- The log. ---

  void read_log(LogExtent extent) {
    const sqlite::State& state = loaded_.state;
    if (extent == LogExtent::to_replay) check_oldest_segment();
    const std::uint64_t first = extent == LogExtent::whole ? state.log_floor : state.folded_revision + 1;
    loaded_.changes = walk_log(connection_, state, first, on_problem_,
                               [&](const model::Change& change, const model::Segment&) {
                                 if (extent == LogExtent::to_replay || is_proved(change)) replay(change);
                               });
    for (const auto& [ordinal, key] : unlike_) {
      problem(Kind::user_row, ErrorCode::foreign_write, {},
              "the row of user " + std::to_string(ordinal) + " has not what the log has of its key " +
                  model::quoted(key));
    }
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

  // What replaying takes on trust.
  bool is_proved(const model::Change& change) {
    if (!replay_.can_read(change)) {
      unreadable(change);
      return false;
    }
    const RecordPtr* const row = record_of(change.ordinal);
    const bool is_ahead = row != nullptr && change.revision > loaded_.state.folded_revision &&
                          (*row)->revision() >= change.revision;
    if (is_ahead && change.kind == ChangeKind::patched && !(*row)->is_tombstone()) compare(change, **row);
    return true;
  }

  // A row that is ahead of the fold has what the log has up to its revision; the views lay the same over it again.
  // Of the changes of a key the last one counts.
  void compare(const model::Change& patch, const Record& row) {
    const auto deltas = decoder_.patch(patch.patch).value();
    for (const model::TagDelta& delta : deltas) {
      const std::pair key(patch.ordinal, std::string(delta.key));
      if (row.find(delta.key) == delta.value)
        unlike_.erase(key);
      else
        unlike_.insert(key);
    }
  }

  // Creations and deletions are in their rows already.
  void replay(const model::Change& change) {
    RecordPtr* const record = record_of(change.ordinal);
    if (record == nullptr) return missing(change);
    if (!fits(change, **record)) return contradicted(change);
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

  void contradicted(const model::Change& change) {
    problem(Kind::user_row, ErrorCode::foreign_write, {},
            "the row of user " + std::to_string(change.ordinal) + " does not fit change " +
                std::to_string(change.revision));
  }

  void unreadable(const model::Change& change) {
    problem(Kind::log, ErrorCode::corrupt_store, {}, unreadable_change(change.revision));
  }

  sqlite::Connection& connection_;
  const OnProblem& on_problem_;
  Loaded loaded_;
  model::Digest digest_;        // of the living
  std::uint64_t last_id_ = 0;   // in the order of ids, of the user who was taken last
  Replay replay_;
  model::PatchDecoder decoder_;
  std::set<std::pair<std::uint32_t, std::string>> unlike_;   // users' keys, whose rows are not as the log
};

}   // namespace

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
