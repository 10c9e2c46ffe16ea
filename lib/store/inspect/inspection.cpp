#include "store/inspect/inspection.hpp"

#include <xxhash.h>
#include <boost/unordered/unordered_flat_set.hpp>

#include <algorithm>
#include <string>
#include <string_view>
#include <thread>
#include <utility>

#include "index/projection.hpp"
#include "model/deadline.hpp"
#include "model/failure.hpp"
#include "model/record.hpp"
#include "model/shown_text.hpp"
#include "store/file/reading.hpp"
#include "store/memory/publish_signal.hpp"
#include "store/memory/shard.hpp"

namespace usertags::store {
namespace {

using model::RecordPtr;
using std::chrono::steady_clock;

// Users between two looks at the clock.
constexpr std::uint64_t kBetweenLooks = 1'024;

StoreId store_id_of(const std::filesystem::path& file, std::chrono::milliseconds busy_timeout) {
  return read_file(open_for_reading, file, busy_timeout,
                   [](Reading& reading) { return sqlite::StateTable(reading.connection).read().store_id; });
}

// Counts what users have.
class Figures {
 public:
  void add(const model::Record& user, bool is_behind) {
    ++figures_.users;
    figures_.tags += user.tag_count();
    figures_.backlog_users += is_behind ? 1 : 0;
    for (const Tag tag : user) {
      const std::uint64_t key = XXH3_64bits(tag.key.data(), tag.key.size());
      keys_.insert(key);
      values_.insert(XXH3_64bits_withSeed(tag.value.data(), tag.value.size(), key));
    }
  }

  UserFigures figures() const {
    UserFigures figures = figures_;
    figures.tag_keys = keys_.size();
    figures.tag_values = values_.size();
    return figures;
  }

 private:
  UserFigures figures_;
  boost::unordered_flat_set<std::uint64_t> keys_;   // hashes
  boost::unordered_flat_set<std::uint64_t> values_;
};

}   // namespace

Inspection::Inspection(std::filesystem::path file, std::chrono::milliseconds busy_timeout)
    : file_(std::move(file)),
      busy_timeout_(busy_timeout),
      store_id_(store_id_of(file_, busy_timeout)),
      readers_(file_, busy_timeout,
               [this](sqlite::Connection& connection) { return FileReader(connection, store_id_); }),
      fork_guard_([](void*) noexcept {}, this) {}

template <class Function>
auto Inspection::tell(const bool& is_told, Function&& function) {
  for (ReadingAgain again(busy_timeout_);; again.next(file_)) {
    Reading reading = open_for_reading(file_, busy_timeout_);
    try {
      UserReader users(reading.connection, store_id_);
      auto answer = function(users);
      if (!reading.is_void()) return answer;
    } catch (...) {
      if (!reading.is_void()) throw;
    }
    if (is_told) {
      model::fail(ErrorCode::busy, "something other than the store wrote to " +
                                       model::quoted_path(file_.native()) + " while its users were read");
    }
  }
}

// --- Users. ---

std::vector<Result<User>> Inspection::find_each(std::span<const UserRef> users) {
  std::vector<RecordPtr> found =
      readers_.with_reader([&](FileReader& reader) { return reader.users.find_each(users); });
  std::vector<Result<User>> answers;
  answers.reserve(users.size());
  for (std::size_t i = 0; i < users.size(); ++i) {
    if (found[i])
      answers.emplace_back(model::UserAccess::user(std::move(found[i])));
    else
      answers.emplace_back(std::unexpected(no_such_user(users[i])));
  }
  return answers;
}

Result<UserPage> Inspection::list(const PageRequest& request) {
  const CursorBinding binding{store_id_, CursorKind::list, 0};
  const Result<std::uint32_t> after = ordinal_before(request, binding);
  if (!after) return std::unexpected(after.error());
  index::require_before(request.deadline);
  UserReader::Page found =
      readers_.with_reader([&](FileReader& reader) { return reader.users.list(*after, request.limit); });
  return page_of(std::move(found.records), found.more, found.revision, binding);
}

Visited Inspection::for_each(const AskOptions& options, const std::function<bool(const StoreInfo&)>& begin,
                             const std::function<bool(const User&)>& function) {
  Visited visited;
  bool is_told = false;
  tell(is_told, [&](UserReader& users) {
    visited = {};
    const auto on_moment = [&](const StoreInfo& info) {
      visited.revision = info.revision;
      if (!begin) return true;
      is_told = true;
      return begin(info);
    };
    users.for_each(on_moment, [&](RecordPtr record, bool) {
      if (visited.users % kBetweenLooks == 0) index::require_before(options.deadline);
      is_told = true;
      ++visited.users;
      return function(model::UserAccess::user(std::move(record)));
    });
    return true;
  });
  return visited;
}

StoreInfo Inspection::info() {
  return readers_.with_reader([](FileReader& reader) { return reader.users.info(); });
}

StoreInfo Inspection::info_with_figures() {
  return readers_.with_reader([](FileReader& reader) {
    Figures figures;
    StoreInfo info = reader.users.info([&](const RecordPtr& record, bool was_behind) {
      figures.add(*record, was_behind);
      return true;
    });
    info.users = figures.figures();
    return info;
  });
}

// --- The log. ---

Result<ChangePage> Inspection::changes(const Position& after, std::size_t limit) {
  if (auto error = bad_limit(limit)) return std::unexpected(*std::move(error));
  if (auto error = of_another_store(after, store_id_)) return std::unexpected(*std::move(error));
  auto stretch = readers_.with_reader(
      [&](FileReader& reader) { return reader.log.changes_after(after.revision(), limit, std::nullopt); });
  if (!stretch) return std::unexpected(std::move(stretch).error());
  return page_of(*std::move(stretch), after, store_id_);
}

Result<HistoryPage> Inspection::history(const UserRef& user, const PageRequest& request) {
  if (auto error = bad_limit(request.limit)) return std::unexpected(*std::move(error));
  const auto target = readers_.with_reader([&](FileReader& reader) { return reader.users.target(user); });
  if (!target) return std::unexpected(no_such_user(user));
  return history_of(*target, user, request, store_id_, [&](const ReadPart& read) {
    return readers_.with_reader([&](FileReader& reader) { return read(reader.log); });
  });
}

Result<std::uint64_t> Inspection::wait(const Position& after, std::chrono::milliseconds timeout) {
  if (auto error = of_another_store(after, store_id_)) return std::unexpected(*std::move(error));
  const auto deadline = model::deadline_in(timeout);
  while (true) {
    const std::uint64_t newest =
        readers_.with_reader([](FileReader& reader) { return reader.log.state().revision; });
    if (after.revision() > newest) return std::unexpected(future_revision(after.revision(), newest));
    if (newest > after.revision()) return newest;
    const auto now = steady_clock::now();
    if (now >= deadline) return std::unexpected(timed_out(newest));
    std::this_thread::sleep_until(std::min(deadline, now + kLookEvery));
  }
}

}   // namespace usertags::store
