#include "store/reading.hpp"

#include "model/failure.hpp"
#include "sqlite/schema.hpp"
#include "store/store_path.hpp"

namespace usertags::store {
namespace {

bool has_sidecar(const std::filesystem::path& store) {
  std::filesystem::path sidecar = store;
  std::error_code ignored;
  return std::filesystem::exists(sidecar += ".lock", ignored);
}

}   // namespace

Reading open_for_reading(const std::filesystem::path& path, bool allow_network_file_system,
                         std::chrono::milliseconds busy_timeout) {
  StorePath place = resolve_store_path(path, allow_network_file_system);
  if (!place.exists) model::fail(ErrorCode::not_a_store, "there is no store at " + place.path.string());
  std::optional<StoreLock> lock;
  if (!place.has_wal) {
    lock = StoreLock::try_shared(place.path);
    place = resolve_store_path(
        path, allow_network_file_system);   // a writer may have come and gone before the lock
  }
  const bool nobody_writes = !place.has_wal && (lock || !has_sidecar(place.path));
  sqlite::ConnectionConfig config;
  config.path = place.path;
  config.mode = nobody_writes ? sqlite::OpenMode::immutable : sqlite::OpenMode::read_only;
  config.busy_timeout = busy_timeout;
  if (!nobody_writes) lock.reset();
  Reading reading{std::move(lock), sqlite::Connection(config)};
  if (sqlite::identify(reading.connection) == sqlite::FileKind::empty) {
    model::fail(ErrorCode::not_a_store, place.path.string() + " is empty");
  }
  return reading;
}

}   // namespace usertags::store
