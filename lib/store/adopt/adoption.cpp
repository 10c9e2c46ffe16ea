#include "store/adopt/adoption.hpp"

#include <algorithm>
#include <new>
#include <string>
#include <utility>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"
#include "sqlite/database.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/transaction.hpp"
#include "store/adopt/adoption_findings.hpp"
#include "store/adopt/adoption_survey.hpp"
#include "store/adopt/adoption_writer.hpp"
#include "store/file/reading.hpp"
#include "store/file/rights.hpp"
#include "store/file/store_lock.hpp"
#include "store/file/store_path.hpp"
#include "store/memory/settings.hpp"

namespace usertags::store {
namespace {

void check(const AdoptOptions& options) {
  if (options.settings) store::check(*options.settings);
  check_busy_timeout(options.busy_timeout);
  if (options.note.empty()) return;
  if (const auto wrong = model::check_note(options.note))
    model::fail(ErrorCode::invalid_argument, "the note " + *wrong);
}

struct Look {
  Survey survey;
  Findings findings;

  bool differs() const noexcept { return store::differs(survey, findings); }
  bool has_problem() const noexcept {
    return std::ranges::any_of(findings.all,
                               [](const Finding& finding) { return !finding.change.problem.empty(); });
  }
};

// Within the caller's transaction.
Look look(sqlite::Connection& connection, const AdoptOptions& options) {
  Look look{survey(connection), {}};
  sqlite::expect_unbound(look.survey.state);
  require_settings(look.survey.state.settings, options.settings);
  look.findings = find_differences(look.survey);
  judge(look.survey, look.findings);
  return look;
}

// Of a look, before anything is taken in.
Adoption report(Look look) {
  const sqlite::State& state = look.survey.state;
  const Floors floors = floors_after(look.survey, look.findings);
  Adoption adoption;
  adoption.proved = look.findings.proved;
  adoption.entries_forgotten = floors.log - state.log_floor;
  adoption.tokens_forgotten = floors.token - state.token_floor + look.survey.tokens_inserted;
  adoption.revision = state.revision;
  adoption.adopted = !look.differs();
  for (Finding& finding : look.findings.all) adoption.changes.push_back(std::move(finding.change));
  return adoption;
}

sqlite::ConnectionConfig configure(const std::filesystem::path& path, const AdoptOptions& options) {
  sqlite::ConnectionConfig config;
  config.path = path;
  config.busy_timeout = options.busy_timeout;
  return config;
}

Look look_only(Reading (*open)(const std::filesystem::path&, std::chrono::milliseconds),
               const std::filesystem::path& path, const AdoptOptions& options) {
  return read_file(open, path, options.busy_timeout, [&](Reading& reading) {
    const sqlite::ReadTransaction moment(reading.connection);
    return look(reading.connection, options);
  });
}

// What somebody else began and never committed is not to be adopted: SQLite takes it back for a connection
// that may write.
void take_back_unfinished(const std::filesystem::path& path, const AdoptOptions& options) {
  if (!has_journal(path)) return;
  try {
    sqlite::Connection connection(configure(path, options));
    sqlite::identify(connection);
  } catch (const model::Failure& failure) {
    fail_to_write(path, failure.error);
  }
}

sqlite::ConnectionConfig writable(const std::filesystem::path& path, const AdoptOptions& options) {
  if (const auto missing = missing_right_to_write(path))
    fail_right(0, "cannot write to " + model::quoted_path(path.native()), *missing);
  return configure(path, options);
}

void commit(sqlite::Transaction& transaction, std::uint64_t revision) {
  sqlite::expect_committed(transaction.commit(), "the commit",
                           "adopt again: if it was applied, nothing is left to adopt", revision);
}

// Closes in any case. What fails behind the commit costs nothing: the WAL is durable, and whoever opens the
// store next applies it.
class Closing {
 public:
  explicit Closing(sqlite::Database& database) noexcept : database_(database) {}
  Closing(const Closing&) = delete;
  Closing& operator=(const Closing&) = delete;
  ~Closing() { database_.close(); }

  void checkpoint() noexcept {
    try {
      database_.checkpoint();
    } catch (const model::Failure&) {
      return;
    } catch (const std::bad_alloc&) {
      return;
    }
  }

 private:
  sqlite::Database& database_;
};

Adoption look_and_take_in(const std::filesystem::path& path, const AdoptOptions& options) {
  sqlite::Database database(writable(path, options), {});
  Closing closing(database);
  sqlite::Transaction transaction(database.connection());
  Look found = look(database.connection(), options);
  if (!found.differs() || found.has_problem()) return report(std::move(found));
  const sqlite::State state = take_in(database, found.survey, found.findings, options.note);
  Adoption adoption = report(std::move(found));   // before the COMMIT: nothing behind it may fail
  adoption.revision = state.revision;
  adoption.adopted = true;
  commit(transaction, state.revision);
  closing.checkpoint();
  return adoption;
}

void expect_adoptable(sqlite::Connection& connection) {
  try {
    look(connection, {});
  } catch (const model::Failure& failure) {
    if (failure.error == ErrorCode::corrupt_store) throw;
  }
}

}   // namespace

void refuse_foreign(sqlite::Connection& connection, const model::Failure& found) {
  if (found.error == ErrorCode::foreign_write) expect_adoptable(connection);
  throw found;
}

Adoption adopt(const std::filesystem::path& path, const AdoptOptions& options) {
  check(options);
  const StorePath place = resolve_store_path(path, options.allow_network_file_system);
  require_store(place);
  if (options.dry_run) return report(look_only(open_for_reading, place.path, options));
  const StoreLock lock = StoreLock::exclusive(place.path, options.busy_timeout);
  take_back_unfinished(place.path, options);
  {
    Look found = look_only(open_under_lock, place.path, options);
    if (!found.differs() || found.has_problem()) return report(std::move(found));
  }
  return look_and_take_in(place.path, options);
}

}   // namespace usertags::store
