#include "cluster/snapshotting.hpp"

#include <cerrno>
#include <cstdlib>
#include <exception>
#include <new>
#include <optional>
#include <string_view>
#include <system_error>
#include <utility>

#include "cluster/or_throw.hpp"
#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "store/file/entropy.hpp"
#include "store/file/partial_file.hpp"
#include "store/file/rights.hpp"

namespace usertags::cluster {
namespace {

namespace fs = std::filesystem;

constexpr Milliseconds kPlaceIsKept{60'000};
constexpr int kFetches = 3;   // while newer snapshots take the place of what is fetched

// A folder beside a store's file: what is in it can be moved to the file's name. Gone with this.
class WorkFolder {
 public:
  explicit WorkFolder(const fs::path& beside) {
    std::string pattern = (beside.parent_path() / ".usertags-snapshot-XXXXXX").string();
    if (mkdtemp(pattern.data()) == nullptr)
      store::fail_system(errno, "cannot make a folder beside " + model::quoted_path(beside.native()));
    path_ = pattern;
  }
  WorkFolder(const WorkFolder&) = delete;
  WorkFolder& operator=(const WorkFolder&) = delete;
  ~WorkFolder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }

  fs::path file() const { return path_ / "store.db"; }

 private:
  fs::path path_;
};

// A call of the host's transport.
template <class Function>
auto of_transport(Function&& function) -> decltype(function()) {
  try {
    return function();
  } catch (const std::bad_alloc&) {
    throw;
  } catch (const std::exception& thrown) {
    return std::unexpected(
        Error(ErrorCode::io_error, std::string("the transport of snapshots threw: ") + thrown.what()));
  } catch (...) {
    return std::unexpected(Error(ErrorCode::io_error, std::string("the transport of snapshots threw")));
  }
}

// Never one that was used before: one name is one copy.
std::string name_of(const std::string& cluster, std::uint64_t entry) {
  return cluster + "-" + hex(entry) + "-" + hex(store::Entropy().next()) + ".db";
}

std::optional<Snapshot> newest(Log& log, Milliseconds within) {
  return or_throw(log.read_snapshot(within));
}

// What was fetched is what the log names, or further.
void expect_snapshot(const sqlite::State& state, const Snapshot& named, const Binding& binding) {
  const bool is_there =
      state.entry > named.entry || (state.entry == named.entry && state.entry_checksum == named.chain);
  if (is_of(binding_of(state), binding) && is_there) return;
  model::fail(ErrorCode::corrupt_store,
              "what the transport has at " + model::quoted(named.place) +
                  " is not the snapshot that the cluster names",
              "make another snapshot on a node");
}

void keep_place(const SnapshotTarget& target, Log& log) {
  const Lease lease = or_throw(log.grant_lease(kPlaceIsKept, target.within));
  const Member place{target.binding.node, Id{}, target.address, 0, target.memory_budget};
  or_throw(log.put_member(place, lease, target.within));
}

// A newer snapshot may be made, and the one that is fetched be removed, meanwhile.
Snapshot fetch(const fs::path& to, Log& log, SnapshotTransport& transport, Milliseconds within) {
  for (int tries = 1;; ++tries) {
    const std::optional<Snapshot> named = newest(log, within);
    if (!named)
      model::fail(ErrorCode::not_a_store, "the cluster has no snapshot", "make one on a node that is there");
    const auto fetched = of_transport([&] { return transport.fetch(named->place, to); });
    if (fetched) return *named;
    if (tries == kFetches || newest(log, within) == named) throw model::Failure{fetched.error()};
    std::error_code ignored;
    fs::remove(to, ignored);
  }
}

}   // namespace

Result<std::uint64_t> make_snapshot(const UserTagStore& store, const SnapshotSource& source, Log& log,
                                    SnapshotTransport& transport) {
  const WorkFolder folder(source.file);
  or_throw(store.backup(folder.file()));
  const sqlite::State state = read_state(folder.file(), Milliseconds(0));
  Snapshot made{.entry = state.entry,
                .chain = state.entry_checksum,
                .revision = state.revision,
                .bytes = fs::file_size(folder.file()),
                .remote = transport.is_remote()};
  made.place = or_throw(
      of_transport([&] { return transport.put(folder.file(), name_of(source.cluster, state.entry)); }));
  const std::optional<Snapshot> before = newest(log, source.within);
  const bool is_newest = or_throw(log.advance_snapshot(made, source.within));
  // The one that nobody is told of any more. That it cannot be removed takes nothing from what was made.
  const std::string unnamed = !is_newest ? made.place : before ? before->place : std::string();
  if (!unnamed.empty()) std::ignore = of_transport([&] { return transport.remove(unnamed); });
  return made.entry;
}

Result<void> restore_snapshot(const SnapshotTarget& target, Log& log, SnapshotTransport& transport) {
  keep_place(target, log);
  const WorkFolder folder(target.file);
  const Snapshot named = fetch(folder.file(), log, transport, target.within);
  expect_snapshot(read_state(folder.file(), target.busy_timeout), named, target.binding);
  as_new_node(folder.file(), target.binding.node, target.busy_timeout);
  store::move_to_new(folder.file(), target.file);
  store::sync_folder(target.file.parent_path());
  return {};
}

}   // namespace usertags::cluster
