// SnapshotTransport: where snapshots of a shard's file are kept, from which others join, and up to which the log may
// be trimmed. A host's own: an object store, a file server. The one that is shipped is a folder.
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

#include <usertags/error.hpp>

namespace usertags::cluster {

// Called on the thread that asks for a snapshot, or for a restoration, and one call at a time of each object. What it
// throws is answered as io_error.
class SnapshotTransport {
 public:
  virtual ~SnapshotTransport() = default;

  // Keeps a copy of the file under the name, and answers when it is durable: where fetch() finds it, as this or
  // another process may ask, on this or another machine.
  [[nodiscard]] virtual Result<std::string> put(const std::filesystem::path& file, std::string_view name) = 0;
  // Brings it back, to a path where nothing is.
  [[nodiscard]] virtual Result<void> fetch(std::string_view place, const std::filesystem::path& to) = 0;
  // Forgets one that a newer one has taken the place of.
  [[nodiscard]] virtual Result<void> remove(std::string_view place) = 0;
  // Whether what it keeps outlives the machine that has put it. Such a snapshot counts as a disk when the log is
  // trimmed.
  [[nodiscard]] virtual bool is_remote() const noexcept = 0;
};

// A folder, that all machines of the cluster see under this path. `is_remote`: it is not on one of them.
[[nodiscard]] Result<std::shared_ptr<SnapshotTransport>> folder_transport(const std::filesystem::path& folder,
                                                                          bool is_remote) noexcept;

}   // namespace usertags::cluster
