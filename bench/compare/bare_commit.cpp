#include "bare_commit.hpp"

namespace usertags::bench {
namespace {

// 256 pages: the WAL of usertags is recycled at 2 MiB, too.
constexpr const char* kSetup = R"(
  PRAGMA page_size=8192; PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL; PRAGMA wal_autocheckpoint=256;
  CREATE TABLE log(seq INTEGER PRIMARY KEY, patch TEXT NOT NULL);
  CREATE TABLE state(id INTEGER PRIMARY KEY, revision INTEGER NOT NULL);
  INSERT INTO state VALUES (1, 0);)";
constexpr std::string_view kPatch = R"({"tags":{"cohort":"w12345"}}, and as much as its other columns take)";

}   // namespace

BareCommit::BareCommit(const std::filesystem::path& file)
    : connection_(file, kSetup),
      begin_(connection_, "BEGIN IMMEDIATE"),
      append_(connection_, "INSERT INTO log VALUES (?, ?)"),
      record_(connection_, "UPDATE state SET revision = ?"),
      commit_(connection_, "COMMIT") {}

Times BareCommit::run_for(double turn_us) {
  Times times;
  const Stopwatch turn;
  while (turn.us() < turn_us) {
    const Stopwatch stopwatch;
    commit();
    times.push_back(stopwatch.us());
  }
  return times;
}

void BareCommit::commit() {
  ++number_;
  begin_.run();
  append_.bind(number_, kPatch).run();
  record_.bind(number_).run();
  commit_.run();
}

}   // namespace usertags::bench
