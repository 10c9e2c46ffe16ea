// Feed: the log, as hosts read it: changes behind a position, waiting for more, and the history of one user.
//
// What is shown is visible: a change that the file has and memory does not show yet is not there. In a
// read-only store nobody publishes; there the feed goes as far as the file, which may be ahead of what the
// store shows. Reads go over connections of their own (Readers), but where there can be only one
// connection, in memory and with Access::exclusive: there they wait for their turn among the groups, for the
// time of one page or part.
#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string_view>

#include <usertags/change.hpp>
#include <usertags/options.hpp>
#include <usertags/page.hpp>
#include <usertags/user_ref.hpp>

#include "index/projection.hpp"
#include "store/file/readers.hpp"
#include "store/memory/memory.hpp"
#include "store/read/log_reader.hpp"
#include "store/read/paging.hpp"
#include "store/write/writer.hpp"

namespace usertags::store {

// --- What the feed and whoever looks at a file answer alike. ---

// Why the position is of another store, if so.
std::optional<Error> of_another_store(const Position& position, const StoreId& store_id);

// The page of what was read behind a position.
ChangePage page_of(LogReader::Stretch stretch, const Position& after, const StoreId& store_id);

// Whose history is asked for.
struct HistoryTarget {
  NamedUser user;
  std::uint64_t last_revision;   // none of its changes that are shown is newer
  bool is_visible;
};

// A page of it. `with_log` calls what it is given with a reader of the log, perhaps several times, as Readers do.
using ReadPart = std::function<LogReader::Part(LogReader&)>;
using WithLog = std::function<LogReader::Part(const ReadPart&)>;
Result<HistoryPage> history_of(const HistoryTarget& target, const UserRef& asked, const PageRequest& request,
                               const StoreId& store_id, const WithLog& with_log);

class Feed {
 public:
  struct Source {
    StoreId store_id;
    std::uint64_t epoch;                         // when the store was opened
    std::optional<std::filesystem::path> file;   // to be read over connections of its own
    Writer* writer;                              // null in a read-only store
    std::chrono::milliseconds busy_timeout;
  };
  Feed(const Source& source, Memory& memory);

  Position position() const noexcept;
  // A follower has come to a file that a writer opened anew.
  void set_epoch(std::uint64_t epoch) noexcept { epoch_.store(epoch, std::memory_order_relaxed); }

  // Why the position is none of this store, if so.
  std::optional<Error> bad_position(const Position& position) const;

  // They throw Failure and std::bad_alloc; what a caller has to expect is a value.
  Result<ChangePage> changes(const Position& after, std::size_t limit);
  Result<std::uint64_t> wait(const Position& after, std::chrono::milliseconds timeout);
  Result<HistoryPage> history(const UserRef& user, const PageRequest& page);

  // Wakes those who wait, and closes the connections when they are back. Later calls answer store_closed.
  void close() noexcept;

 private:
  template <class Function>
  decltype(auto) with_reader(Function&& function);
  LogReader::Newest newest() const noexcept;
  Result<std::uint64_t> wait_for_publish(std::uint64_t revision,
                                         std::chrono::steady_clock::time_point deadline);
  Result<std::uint64_t> poll_file(std::uint64_t revision, std::chrono::steady_clock::time_point deadline);
  std::optional<HistoryTarget> find(const UserRef& user);
  std::uint64_t file_revision();

  const StoreId store_id_;
  std::atomic<std::uint64_t> epoch_;
  Writer* const writer_;
  const index::Projection& projection_;
  const Shard& shard_;
  PublishSignal& published_;
  std::optional<Readers<LogReader>> readers_;
  std::atomic<bool> closed_{false};
};

}   // namespace usertags::store
