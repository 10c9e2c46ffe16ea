#include "store/copy/backup.hpp"

#include <sys/stat.h>
#include <algorithm>
#include <array>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "sqlite/connection.hpp"
#include "sqlite/maintenance.hpp"
#include "sqlite/schema.hpp"
#include "sqlite/transaction.hpp"
#include "store/file/partial_file.hpp"
#include "store/file/store_path.hpp"
#include "store/load/verifier.hpp"

namespace usertags::store {

namespace {

namespace fs = std::filesystem;

fs::path beside(fs::path file, std::string_view suffix) {
  return file += suffix;
}

bool is_filled(const fs::path& file) {
  std::error_code missing;
  const std::uintmax_t size = fs::file_size(file, missing);
  return !missing && size > 0;
}

// Its error tells why a file that is there stays.
[[noreturn]] void will_not_replace(const fs::path& file, const Error& why) {
  throw model::Failure{Error(
      why.code(),
      Error::Details{.what = "will not replace " + model::quoted_path(file.native()) + ": " + why.what(),
                     .remedy = "choose another name, or remove that file first",
                     .system_error = why.system_error()})};
}

// As immutable: nobody writes to it, and looking leaves nothing beside it.
void check_is_store(const fs::path& file) {
  sqlite::ConnectionConfig config;
  config.path = file;
  config.mode = sqlite::OpenMode::immutable;
  sqlite::Connection connection(config);
  sqlite::identify(connection);
}

}   // namespace

BackupTarget::BackupTarget(const fs::path& target, Rules rules)
    : rules_(std::move(rules)), path_(resolve_store_path(target, rules_.allow_network_file_system).path) {
  judge(Stage::before_copying);
}

void BackupTarget::replace_by(const fs::path& file) {
  judge(Stage::before_moving);
  const fs::path folder = path_.parent_path();   // once it is moved, nothing may be short of memory
  exists_ ? move_over(file, path_) : move_to_new(file, path_);
  sync_folder(folder);
}

void BackupTarget::judge(Stage stage) {
  exists_ = resolve_store_path(path_, rules_.allow_network_file_system).exists;
  refuse_own_file();
  lock(stage);
  refuse_what_would_be_applied();
  if (exists_) refuse_other_files();
}

void BackupTarget::refuse_own_file() const {
  static constexpr std::array<std::string_view, 5> kSuffixes = {"", "-wal", "-shm", "-journal", ".lock"};
  if (rules_.store.empty()) return;
  const bool is_own = std::ranges::any_of(kSuffixes, [&](std::string_view suffix) {
    const fs::path own = beside(rules_.store, suffix);
    std::error_code missing;
    return path_ == own || fs::equivalent(path_, own, missing);
  });
  if (is_own) {
    model::fail(ErrorCode::invalid_argument,
                model::quoted_path(path_.native()) + " belongs to the store that is to be copied",
                "choose another file");
  }
}

void BackupTarget::lock(Stage stage) {
  const bool is_to_be_made = exists_ && stage == Stage::before_moving;
  if (lock_ || !(is_to_be_made || StoreLock::has_sidecar(path_))) return;
  lock_ = StoreLock::exclusive(path_, rules_.patience);
}

void BackupTarget::refuse_what_would_be_applied() const {
  for (const std::string_view suffix : {"-wal", "-journal"}) {
    const fs::path file = beside(path_, suffix);
    if (!is_filled(file)) continue;
    model::fail(ErrorCode::invalid_argument,
                "there is " + model::quoted_path(file.native()) + ", which SQLite would apply to a copy at " +
                    model::quoted_path(path_.native()),
                "open and close the store that it belongs to, or remove both files");
  }
}

void BackupTarget::refuse_other_files() const {
  if (!is_filled(path_)) return;
  if (!rules_.may_replace) {
    model::fail(ErrorCode::invalid_argument, "there is " + model::quoted_path(path_.native()) + " already",
                "choose another name, or remove that file first");
  }
  try {
    check_is_store(path_);
  } catch (const model::Failure& failure) {
    will_not_replace(path_, failure.error);
  }
}

namespace {

// Whoever may read the store may read the copy, and nobody else; its owner has to write to it first.
std::optional<mode_t> mode_of_copy(const std::filesystem::path& store) {
  struct stat info{};
  if (store.empty() || stat(store.c_str(), &info) != 0) return std::nullopt;
  return (info.st_mode & 0777) | S_IRUSR | S_IWUSR;
}

}   // namespace

Backup::Backup(const std::filesystem::path& target, const Source& source, const Options& options)
    : source_(source),
      target_(target, {.store = source.file,
                       .allow_network_file_system = options.allow_network_file_system,
                       .patience = options.busy_timeout}) {}

void Backup::copy(sqlite::Connection& from, const Progress& progress) {
  const sqlite::ReadTransaction moment(from);
  check_source(from);
  partial_.emplace(target_.path().parent_path(), mode_of_copy(source_.file));
  sqlite::copy_database(from, partial_->path(), progress);
  expect_good_copy(partial_->path());
}

void expect_good_copy(const fs::path& file) {
  sqlite::ConnectionConfig config;
  config.path = file;
  config.mode = sqlite::OpenMode::immutable;
  sqlite::Connection connection(config);
  const sqlite::ReadTransaction moment(connection);
  const VerifyReport report = verify_file(connection);
  if (!report.ok()) {
    model::fail(ErrorCode::corrupt_store, "the copy is not good: " + report.problems.front().what,
                "verify the store; what was at the target is still there");
  }
}

void Backup::check_source(sqlite::Connection& from) const {
  const sqlite::State state = sqlite::StateTable(from).read();
  if (state.store_id == source_.store_id && state.revision >= source_.revision) return;
  model::fail(ErrorCode::io_error, from.name() + " is not the file that was opened",
              "put the store's file back");
}

void Backup::put_in_place() {
  target_.replace_by(partial_->path());
}

}   // namespace usertags::store
