// The transport that is shipped: a folder.
#include <cerrno>
#include <system_error>
#include <utility>

#include <usertags/cluster/snapshots.hpp>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "store/boundary.hpp"
#include "store/file/partial_file.hpp"
#include "store/file/rights.hpp"

namespace usertags::cluster {
namespace {

namespace fs = std::filesystem;

void copy_synced(const fs::path& from, const fs::path& to) {
  std::error_code error;
  fs::copy_file(from, to, error);
  if (error)
    store::fail_system(error.value(), "cannot copy " + model::quoted_path(from.native()) + " to " +
                                          model::quoted_path(to.native()));
  store::sync_file(to);
}

// A place is a file's name within the folder, and never leads out of it.
class SnapshotFolder final : public SnapshotTransport {
 public:
  SnapshotFolder(fs::path folder, bool is_remote) : folder_(std::move(folder)), is_remote_(is_remote) {}

  Result<std::string> put(const fs::path& file, std::string_view name) override {
    return store::guarded([&]() -> Result<std::string> {
      const fs::path place = path_of(name);
      const fs::path partial = folder_ / ("." + std::string(name) + ".partial");
      std::error_code ignored;
      fs::remove(partial, ignored);   // of an earlier try
      try {
        copy_synced(file, partial);
        store::move_to_new(partial, place);
        store::sync_folder(folder_);
      } catch (...) {
        fs::remove(partial, ignored);
        throw;
      }
      return std::string(name);
    });
  }

  Result<void> fetch(std::string_view place, const fs::path& to) override {
    return store::guarded([&]() -> Result<void> {
      copy_synced(path_of(place), to);
      return {};
    });
  }

  Result<void> remove(std::string_view place) override {
    return store::guarded([&]() -> Result<void> {
      const fs::path file = path_of(place);
      std::error_code error;
      fs::remove(file, error);
      if (error) store::fail_system(error.value(), "cannot remove " + model::quoted_path(file.native()));
      return {};
    });
  }

  bool is_remote() const noexcept override { return is_remote_; }

 private:
  fs::path path_of(std::string_view place) const {
    if (place.empty() || place.front() == '.' || place.find('/') != std::string_view::npos)
      model::fail(ErrorCode::invalid_argument, model::quoted(place) + " is no name of a file in a folder");
    return folder_ / place;
  }

  const fs::path folder_;
  const bool is_remote_;
};

}   // namespace

Result<std::shared_ptr<SnapshotTransport>> folder_transport(const fs::path& folder, bool is_remote) noexcept {
  return store::guarded([&]() -> Result<std::shared_ptr<SnapshotTransport>> {
    std::error_code error;
    if (!fs::is_directory(folder, error)) {
      store::fail_system(error ? error.value() : ENOTDIR,
                         "there is no folder " + model::quoted_path(folder.native()), "make it");
    }
    return std::make_shared<SnapshotFolder>(fs::absolute(folder), is_remote);
  });
}

}   // namespace usertags::cluster
