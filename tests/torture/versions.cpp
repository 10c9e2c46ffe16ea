// R15: versions. Files of older and newer formats and of other applications, in every state in which a file can be
// found, looked at in every way: each is refused by name, without a byte of it changed, or opens, as the promise for its
// version says (docs/file-format.md, "Compatibility").
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <usertags/user_tag_store.hpp>

#include "sqlite/schema.hpp"
#include "support/answers.hpp"
#include "support/stock_sqlite.hpp"
#include "support/temp_dir.hpp"
#include "tools/running_command.hpp"
#include "torture/rows.hpp"

namespace usertags::torture {
namespace {

namespace fs = std::filesystem;
using test::code_of;
using test::must;
using test::StockSqlite;
using test::told;

constexpr std::int32_t kOurs = sqlite::kApplicationId;
constexpr std::int32_t kCurrent = sqlite::kFormatVersion;

enum class State : std::uint8_t {
  closed,          // stands alone
  with_wal,        // left by a writer that was killed; the version stands in the WAL
  below_its_wal,   // the database says this, its WAL the current version, which holds
  with_journal,    // taken out of WAL mode, and left in the midst of a transaction
};
constexpr const char* kStates[] = {"closed", "with a WAL", "below its WAL", "with a journal"};

enum class Look : std::uint8_t {
  write,
  write_what_is_there,
  read,
  exclusive,
  adopt,
  dry_run,
  replace,
  command
};
constexpr const char* kLooks[] = {"open",  "open what is there", "open read-only",        "open exclusively",
                                  "adopt", "a dry run of adopt", "a backup in its place", "usertags verify"};

struct Header {
  std::int32_t application = kOurs;
  std::int32_t version = kCurrent;
};

// A file to be looked at.
struct File {
  fs::path source;   // a closed store
  Header header;
  State state{};

  // What the header says when all is in place.
  Header effective() const { return state == State::below_its_wal ? Header{} : header; }
  std::string words() const {
    return "application " + std::to_string(header.application) + ", version " +
           std::to_string(header.version) + ", " + kStates[static_cast<std::size_t>(state)];
  }
};

using Folder = std::map<std::string, std::string>;   // bytes by name

std::string bytes_of(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// Sidecar and shared memory aside, which looking may make.
Folder bytes_in(const fs::path& folder) {
  Folder bytes;
  for (const auto& entry : fs::directory_iterator(folder)) {
    const std::string name = entry.path().filename();
    if (!name.ends_with("-shm") && !name.ends_with(".lock")) bytes[name] = bytes_of(entry.path());
  }
  return bytes;
}

std::string difference(const Folder& before, const Folder& after) {
  for (const auto& [name, bytes] : before) {
    if (!after.contains(name)) return name + ", which is gone";
    if (after.at(name) != bytes) return name;
  }
  for (const auto& [name, bytes] : after) {
    if (!before.contains(name)) return name + ", which is new, of " + std::to_string(bytes.size()) + " bytes";
  }
  return "nothing";
}

void write_number(std::string& bytes, std::size_t at, std::int32_t number) {
  for (int byte = 0; byte < 4; ++byte) {
    bytes[at + static_cast<std::size_t>(byte)] =
        static_cast<char>(static_cast<std::uint32_t>(number) >> (24 - 8 * byte) & 0xFF);
  }
}

// --- Files in their states. ---

// Through SQLite, so that it stands wherever a commit puts it.
void set_header(StockSqlite& stock, const Header& header) {
  stock.run("PRAGMA application_id = " + std::to_string(header.application) +
            "; PRAGMA user_version = " + std::to_string(header.version));
}

void copy_whole(const fs::path& from, const fs::path& to) {
  for (const char* suffix : {"", "-wal", "-journal"}) {
    if (fs::exists(from.string() + suffix)) {
      fs::copy_file(from.string() + suffix, to.string() + suffix, fs::copy_options::overwrite_existing);
    }
  }
}

void mutate_bytes(const fs::path& path, const Header& header) {
  std::string bytes = bytes_of(path);
  constexpr std::size_t kUserVersionAt = 60;
  constexpr std::size_t kApplicationIdAt = 68;
  write_number(bytes, kUserVersionAt, header.version);
  write_number(bytes, kApplicationIdAt, header.application);
  std::ofstream(path, std::ios::binary) << bytes;
}

// Makes it at `path`, by way of a copy in `workshop`: the files are taken while a connection has them open.
void make(const File& file, const fs::path& workshop, const fs::path& path) {
  const fs::path work = workshop / "work.db";
  for (const char* suffix : {"", "-wal", "-shm", "-journal"}) fs::remove(work.string() + suffix);
  fs::copy_file(file.source, work);
  if (file.state == State::closed) {
    mutate_bytes(work, file.header);
    return copy_whole(work, path);
  }
  StockSqlite stock(work);
  if (file.state == State::with_journal) {
    stock.run("PRAGMA journal_mode = DELETE");
    set_header(stock, file.header);
    fs::copy_file(work, workshop / "committed.db", fs::copy_options::overwrite_existing);
    stock.run("PRAGMA cache_size = 1; BEGIN; UPDATE user SET tags = '{}'");
    stock.run(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n LIMIT 2000)"
        "INSERT INTO token SELECT 1000000 + i, 1, 1, 1, 1, 1, randomblob(100), randomblob(16) FROM n");
    return copy_whole(work, path);
  }
  stock.run("PRAGMA wal_autocheckpoint = 0");
  set_header(stock,
             {.application = kOurs, .version = kCurrent + 1});   // so that the first page is in the WAL
  set_header(stock, file.effective());
  copy_whole(work, path);
  if (file.state == State::below_its_wal) mutate_bytes(path, file.header);
}

// --- Looking. ---

Options options_of(Look look) {
  Options options;
  options.durability = Durability::relaxed;
  options.busy_timeout = std::chrono::milliseconds(100);
  if (look == Look::read) options.access = Access::read_only;
  if (look == Look::exclusive) options.access = Access::exclusive;
  if (look == Look::write_what_is_there) options.create_if_missing = false;
  return options;
}

struct Answer {
  std::string code;   // "ok", or an error's
  std::string message;
};

template <class T>
Answer answer_of(const Result<T>& result) {
  return result ? Answer{"ok", ""}
                : Answer{std::string(to_string(result.error().code())), result.error().message()};
}

Answer look_at(const fs::path& path, Look look) {
  switch (look) {
    case Look::adopt: return answer_of(UserTagStore::adopt(path));
    case Look::dry_run: return answer_of(UserTagStore::adopt(path, {.dry_run = true}));
    case Look::replace: return answer_of(must(UserTagStore::open_in_memory()).backup(path));
    case Look::command: {
      const test::Finished finished = test::run({"verify", path});
      if (finished.exit_code == 0) return {"ok", ""};
      if (finished.err.empty()) return {"corrupt_store", finished.out};   // it tells of problems, one a line
      const std::string_view error = std::string_view(finished.err).substr(std::strlen("usertags: "));
      return {std::string(error.substr(0, error.find(':'))), finished.err};
    }
    default: return answer_of(UserTagStore::open(path, options_of(look)));
  }
}

bool writes(Look look) {
  return look != Look::read && look != Look::dry_run && look != Look::command;
}

std::string meant(const File& file, Look look) {
  const Header header = file.effective();
  if (look == Look::replace && file.state != State::closed)
    return "invalid_argument";   // what is beside it would apply
  if (file.state == State::with_journal && !writes(look)) return "read_only";
  if (header.application != kOurs) return "not_a_store";
  if (header.version < 1) return "corrupt_store";
  return header.version == kCurrent ? "ok" : "unsupported_format";
}

// What SQLite does for whoever opens a file to write: what nobody committed is taken back, and nothing else is done.
bool is_taken_back(const File& file, Look look, const Folder& after, const fs::path& workshop) {
  return file.state == State::with_journal && writes(look) &&
         after == Folder{{"users.db", bytes_of(workshop / "committed.db")}};
}

void check(const File& file, Look look, const fs::path& folder, const fs::path& workshop,
           const Folder& before, std::uint64_t revision) {
  const std::string what = file.words() + ": " + kLooks[static_cast<std::size_t>(look)];
  const fs::path path = folder / "users.db";
  const Answer answer = look_at(path, look);
  const std::string code = meant(file, look);
  require(answer.code.ends_with(code),
          what + " answers " + answer.code + " (" + answer.message + "), not " + code);
  if (code == "unsupported_format") {
    for (const std::int32_t version : {file.effective().version, kCurrent}) {
      require(answer.message.contains("version " + std::to_string(version)),
              what + " does not name the version");
    }
  }
  if (code != "ok" || !writes(look)) {
    const Folder after = bytes_in(folder);
    require(after == before || is_taken_back(file, look, after, workshop),
            what + " has changed " + difference(before, after));
  }
  if (code == "ok" && look != Look::replace && file.state != State::with_journal) {
    const auto store = must(UserTagStore::open(path, options_of(Look::read)), what);
    require(store.revision() == revision, what + " leaves another revision");
    const VerifyReport report = must(store.verify());
    require(report.ok(), what + ": " + (report.ok() ? "" : report.problems.front().what));
  }
}

// --- All combinations. ---

std::vector<Header> headers(std::mt19937_64& random) {
  const auto any = [&] { return static_cast<std::int32_t>(random()); };
  constexpr std::int32_t kGeoPackage = 0x47504B47;
  return {{},
          {.version = 1},
          {.version = kCurrent - 1},
          {.version = kCurrent + 1},
          {.version = 0},
          {.version = -1},
          {.version = 0x7FFF'FFFF},
          {.version = kCurrent << 8},
          {.version = kCurrent << 24},   // the bytes in the other order
          {.version = any()},
          {.application = 0},
          {.application = kGeoPackage, .version = 1},
          {.application = 0x6761'7475},
          {.application = any(), .version = any()}};
}

// The frozen file of each version, and a store of today.
std::vector<std::pair<fs::path, std::uint64_t>> sources(const fs::path& workshop) {
  const fs::path frozen = USERTAGS_TEST_DATA "/format-4.db";
  const fs::path today = workshop / "today.db";
  if (!fs::exists(today)) {
    auto store = must(UserTagStore::open(today));
    for (int i = 0; i < 20; ++i) must(store.create_user("user " + std::to_string(i), {{"tier", "gold"}}));
    must(store.apply("user 3", TagBatch().set("tier", "silver")));
    must(store.delete_user("user 4"));
    must(store.close());
  }
  std::vector<std::pair<fs::path, std::uint64_t>> sources;
  for (const fs::path& path : {frozen, today}) {
    sources.emplace_back(path, must(UserTagStore::open(path, options_of(Look::read))).revision());
  }
  return sources;
}

void look_in_every_way(const File& file, std::uint64_t revision, const fs::path& workshop, Tally& tally) {
  for (std::size_t look = 0; look < std::size(kLooks); ++look) {
    const test::TempDir folder(test::memory_folder());
    make(file, workshop, folder / "users.db");
    check(file, static_cast<Look>(look), folder.path(), workshop, bytes_in(folder.path()), revision);
    tally.add("combinations");
    tally.add(meant(file, static_cast<Look>(look)));
  }
}

// Files of older versions as they were made, not some that only say so.
void look_at_older_versions(const fs::path& workshop, Tally& tally) {
  const std::pair<const char*, std::int32_t> kFiles[] = {{USERTAGS_TEST_DATA "/format-1.db", 1},
                                                         {USERTAGS_TEST_DATA "/format-2.db", 2},
                                                         {USERTAGS_TEST_DATA "/format-3.db", 3}};
  for (const auto& [path, version] : kFiles)
    look_in_every_way({path, {.version = version}, State::closed}, 0, workshop, tally);
}

void run_versions(const Run& run, Tally& tally) {
  auto random = run.random();
  const test::TempDir workshop(test::memory_folder());
  while (tally["combinations"] < run.rounds) {
    look_at_older_versions(workshop.path(), tally);
    for (const auto& [source, revision] : sources(workshop.path())) {
      for (const Header& header : headers(random)) {
        for (std::size_t state = 0; state < std::size(kStates); ++state) {
          if (tally["combinations"] >= run.rounds) return;
          look_in_every_way({source, header, static_cast<State>(state)}, revision, workshop.path(), tally);
        }
      }
    }
  }
}

}   // namespace

const Row versions{
    .number = "R15",
    .name = "versions",
    .unit = "combinations",
    .what = "files of other formats and applications: refused by name, and left as they are; or opened",
    .in_ci = 920,
    .in_tests = 80,
    .run = run_versions};

}   // namespace usertags::torture
