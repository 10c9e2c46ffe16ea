#include "store/load/log_walk.hpp"

#include <optional>
#include <string>
#include <utility>

#include "model/failure.hpp"
#include "sqlite/change_log.hpp"

namespace usertags::store {

FileProblem wrong_row(std::uint32_t ordinal, std::string_view id, ErrorCode code, std::string_view what) {
  return {VerifyReport::Kind::user_row, code, std::string(id),
          "the row of user " + std::to_string(ordinal) + ' ' + std::string(what)};
}

FileProblem wrong_row(const model::Record& user, std::string_view what) {
  return wrong_row(user.ordinal(), std::string(user.id()), ErrorCode::foreign_write, what);
}

void refuse_problem(const FileProblem& problem) {
  const std::string hint = problem.code == ErrorCode::foreign_write
                               ? ": something other than the store changed the file, or it was damaged"
                               : ": the file is damaged";
  const std::string user = problem.user_id.empty() ? "" : " (" + problem.user_id + ')';
  model::fail(problem.code, problem.what + user + hint);
}

void expect_digest(const model::Digest& digest, const sqlite::State& state, const OnProblem& on_problem) {
  if (digest == state.digest) return;
  on_problem(
      {VerifyReport::Kind::digest,
       ErrorCode::foreign_write,
       {},
       "the users are not those of the last commit: digest " + digest.hex() + ", not " + state.digest.hex()});
}

namespace {

// Empty where the log ends as it should; it does at `end`, with that checksum.
std::string wrong_end(std::uint64_t end, std::optional<std::uint64_t> checksum, const sqlite::State& state) {
  const std::string newest = std::to_string(state.revision);
  if (end != state.revision) return "the log ends at change " + std::to_string(end) + ", not at " + newest;
  if (checksum == state.log_checksum) return {};
  return "change " + newest +
         ", the newest, is not the one that the commit record names: it has another checksum";
}

}   // namespace

std::uint64_t walk_log(sqlite::Connection& connection, const sqlite::State& state, std::uint64_t first,
                       const OnProblem& on_problem, const OnChange& on_change, const SegmentFilter& is_read) {
  const auto problem = [&](std::string what) {
    on_problem({VerifyReport::Kind::log, ErrorCode::corrupt_store, {}, std::move(what)});
  };
  if (first < state.log_floor || first > state.revision + 1) {
    problem("the commit record contradicts itself");
    return 0;
  }
  auto checksum = sqlite::ChangeLog::Heads(connection).checksum_before(first, state);
  std::uint64_t expected = first;
  sqlite::ChangeLog::Reader segments(connection);
  model::SegmentDecoder decoder;
  const sqlite::ChangeLog::Reader::Walk walk(segments, first);
  while (const auto segment = segments.next()) {
    const bool is_next = checksum && segment->follows(expected, *checksum);
    const bool passed_over = is_next && is_read && !is_read(*segment);
    const auto changes = is_next && !passed_over ? decoder.changes(*segment) : std::nullopt;
    if (!changes && !passed_over) {
      problem(is_next ? unreadable_change(expected) : broken_log(expected));
      return expected - first;
    }
    if (changes) {
      for (const model::Change& change : *changes) on_change(change, *segment);
    }
    checksum = segment->checksum;
    expected = segment->last + 1;
  }
  if (std::string what = wrong_end(expected - 1, checksum, state); !what.empty()) problem(std::move(what));
  return expected - first;
}

}   // namespace usertags::store
