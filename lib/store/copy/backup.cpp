#include "store/copy/backup.hpp"

#include <sys/stat.h>

#include "model/failure.hpp"
#include "sqlite/backup.hpp"
#include "sqlite/transaction.hpp"
#include "store/load/verifier.hpp"

namespace usertags::store {
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
  prove();
}

// From the file alone, and as the disk has it: what is told of the copy is true of the copy.
void Backup::prove() const {
  sqlite::ConnectionConfig config;
  config.path = partial_->path();
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
