#include "store/load/verifier.hpp"

#include <optional>
#include <string>
#include <utility>

#include "model/digest.hpp"
#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "sqlite/external_id_hashes.hpp"
#include "sqlite/maintenance.hpp"
#include "sqlite/schema.hpp"
#include "store/load/loader.hpp"

namespace usertags::store {
namespace {

using model::Record;
using Kind = VerifyReport::Kind;

constexpr std::size_t kMaxProblems = 1'000;

class Verification {
 public:
  void problem(Kind kind, std::string user_id, std::string what) {
    if (report.problems.size() < kMaxProblems)
      report.problems.push_back({kind, std::move(user_id), model::one_line(std::move(what))});
  }

  // What ends the reading of a part is a problem of that part, and the others are looked at all the same.
  template <class Part>
  void check(Kind kind, Part&& part) {
    try {
      part();
    } catch (const model::Failure& failure) {
      if (!is_of_the_file(failure.error.code())) throw;
      problem(kind, {}, failure.error.message());
    }
  }

  void check_sqlite(sqlite::Connection& connection) {
    for (std::string& what : sqlite::integrity_problems(connection))
      problem(Kind::sqlite, {}, std::move(what));
  }

  static void check_schema(sqlite::Connection& connection) { sqlite::identify(connection); }

  Loaded check_contents(sqlite::Connection& connection) {
    Loaded loaded = load(connection, LogExtent::whole,
                         [&](const FileProblem& found) { problem(found.kind, found.user_id, found.what); });
    report.revision = loaded.state.revision;
    report.users = loaded.records.size();
    report.changes = loaded.changes;
    report.digest = loaded.state.digest.hex();
    return loaded;
  }

  void check_tokens(sqlite::Connection& connection, const sqlite::State& state) {
    index::TokenIndex tokens;
    load_tokens(connection, state, tokens,
                [&](const FileProblem& found) { problem(found.kind, {}, found.what); });
    report.tokens = tokens.size();
  }

  void check_external_id_hashes(sqlite::Connection& connection, const sqlite::State& state) {
    sqlite::check_external_id_hashes(
        connection, state.last_ordinal, [&](std::int64_t first, std::string_view what) {
          problem(Kind::external_id_hash, {},
                  "row " + std::to_string(first) + " of table 'external_id_hash' " + std::string(what) +
                      ": it may be deleted");
        });
  }

  // None where nothing could be read.
  std::optional<Loaded> check_file(sqlite::Connection& connection) {
    std::optional<Loaded> loaded;
    check(Kind::sqlite, [&] { check_sqlite(connection); });
    check(Kind::schema, [&] { check_schema(connection); });
    check(Kind::sqlite, [&] { loaded = check_contents(connection); });
    if (!loaded) return loaded;
    check(Kind::token, [&] { check_tokens(connection, loaded->state); });
    check(Kind::external_id_hash, [&] { check_external_id_hashes(connection, loaded->state); });
    return loaded;
  }

  // Both in the order of ordinals.
  void compare(const Loaded& loaded, const index::Projection::Snapshot& snapshot) {
    model::Digest digest;
    auto in_file = loaded.records.begin();
    const auto end = loaded.records.end();
    snapshot.for_each([&](const Record& in_memory) {
      digest += model::user_hash(in_memory);
      for (; in_file != end && (*in_file)->ordinal() < in_memory.ordinal(); ++in_file)
        differs(**in_file, "is in the file only");
      if (in_file == end || (*in_file)->ordinal() != in_memory.ordinal())
        return differs(in_memory, "is in memory only");
      if ((*in_file)->version_bytes() != in_memory.version_bytes())
        differs(in_memory, "differs between memory and file");
      ++in_file;
    });
    for (; in_file != end; ++in_file) differs(**in_file, "is in the file only");
    if (digest != loaded.state.digest) {
      problem(Kind::digest, {},
              "memory has the digest " + digest.hex() + ", the commit record " + loaded.state.digest.hex());
    }
  }

  void check_index(const index::Projection& projection) {
    projection.check_tag_index([&](std::string_view key, std::string_view value, std::string_view what) {
      problem(Kind::tag_index, {}, model::quoted(key) + '=' + model::quoted(value) + ' ' + std::string(what));
    });
  }

  VerifyReport report;

 private:
  void differs(const Record& record, const char* how) {
    problem(Kind::memory, std::string(record.id()),
            "the user " + model::quoted(record.external_id()) + ' ' + how);
  }
};

}   // namespace

bool is_of_the_file(ErrorCode code) noexcept {
  switch (code) {
    case ErrorCode::corrupt_store:
    case ErrorCode::foreign_write:
    case ErrorCode::not_a_store:
    case ErrorCode::unsupported_format: return true;
    default: return false;
  }
}

VerifyReport unreadable_file(const Error& error) {
  VerifyReport report;
  report.problems.push_back({Kind::sqlite, {}, error.what()});
  return report;
}

VerifyReport verify(sqlite::Connection& connection, const index::Projection& projection,
                    const index::Projection::Snapshot& snapshot) {
  Verification verification;
  const std::optional<Loaded> loaded = verification.check_file(connection);
  if (loaded && loaded->state.revision == snapshot.revision()) verification.compare(*loaded, snapshot);
  verification.check_index(projection);
  return std::move(verification.report);
}

VerifyReport verify_file(sqlite::Connection& connection) {
  Verification verification;
  verification.check_file(connection);
  return std::move(verification.report);
}

}   // namespace usertags::store
