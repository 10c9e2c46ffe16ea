#include "store/read/feed.hpp"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "model/deadline.hpp"
#include "model/failure.hpp"
#include "model/position.hpp"
#include "model/typeid.hpp"
#include "store/memory/publish_signal.hpp"
#include "store/read/paging.hpp"

namespace usertags::store {
namespace {

using model::PositionAccess;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

std::optional<std::uint64_t> to_revision(std::string_view text) {
  std::uint64_t revision = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), revision);
  if (error != std::errc() || end != text.data() + text.size() || revision == 0) return std::nullopt;
  return revision;
}

}   // namespace

std::optional<Error> of_another_store(const Position& position, const StoreId& store_id) {
  if (PositionAccess::is_of_no_store(position) || PositionAccess::is_of(position, store_id))
    return std::nullopt;
  return Error(ErrorCode::invalid_argument,
               Error::Details{.what = "the position is of another store",
                              .remedy = "start from Position(), or from position() of this store"});
}

ChangePage page_of(LogReader::Stretch stretch, const Position& after, const StoreId& store_id) {
  const std::uint64_t last = stretch.changes.empty() ? after.revision() : stretch.changes.back().revision;
  return {.changes = std::move(stretch.changes),
          .next = PositionAccess::make(store_id, stretch.epoch, last),
          .epoch_changed = !PositionAccess::is_of_no_store(after) && after.epoch() != stretch.epoch};
}

Feed::Feed(const Source& source, Memory& memory)
    : store_id_(source.store_id),
      epoch_(source.epoch),
      writer_(source.writer),
      projection_(memory.projection),
      shard_(memory.shard),
      published_(memory.published) {
  if (!source.file) return;
  readers_.emplace(*source.file, source.busy_timeout, [this](sqlite::Connection& connection) {
    return LogReader(connection, &projection_, store_id_);
  });
}

template <class Function>
decltype(auto) Feed::with_reader(Function&& function) {
  if (writer_ != nullptr && writer_->has_lost_file()) throw model::Failure{ErrorCode::store_failed};
  if (readers_) return readers_->with_reader(function);
  return writer_->exclusively([&](sqlite::Database& database) -> decltype(auto) {
    LogReader reader(database.connection(), &projection_, store_id_);
    return function(reader);
  });
}

LogReader::Newest Feed::newest() const noexcept {
  return writer_ != nullptr ? LogReader::Newest(projection_.visible_revision()) : std::nullopt;
}

Position Feed::position() const noexcept {
  return PositionAccess::make(store_id_, epoch_.load(std::memory_order_relaxed),
                              projection_.visible_revision());
}

std::optional<Error> Feed::bad_position(const Position& position) const {
  return of_another_store(position, store_id_);
}

Result<ChangePage> Feed::changes(const Position& after, std::size_t limit) {
  if (auto error = bad_limit(limit)) return std::unexpected(*std::move(error));
  if (auto error = bad_position(after)) return std::unexpected(*std::move(error));
  auto stretch =
      with_reader([&](LogReader& reader) { return reader.changes_after(after.revision(), limit, newest()); });
  if (!stretch) return std::unexpected(std::move(stretch).error());
  return page_of(*std::move(stretch), after, store_id_);
}

// --- Waiting. ---

Result<std::uint64_t> Feed::wait(const Position& after, milliseconds timeout) {
  if (auto error = bad_position(after)) return std::unexpected(*std::move(error));
  const auto deadline = model::deadline_in(timeout);
  return writer_ != nullptr ? wait_for_publish(after.revision(), deadline)
                            : poll_file(after.revision(), deadline);
}

Result<std::uint64_t> Feed::wait_for_publish(std::uint64_t revision, steady_clock::time_point deadline) {
  if (const std::uint64_t visible = projection_.visible_revision(); revision > visible) {
    return std::unexpected(future_revision(revision, visible));
  }
  const bool ended = published_.wait_until(
      deadline, [&] { return closed_.load() || projection_.visible_revision() > revision; });
  if (closed_.load()) return std::unexpected(ErrorCode::store_closed);
  if (!ended) return std::unexpected(timed_out(revision));
  return projection_.visible_revision();
}

Result<std::uint64_t> Feed::poll_file(std::uint64_t revision, steady_clock::time_point deadline) {
  while (true) {
    const std::uint64_t newest = with_reader([](LogReader& reader) { return reader.state().revision; });
    if (revision > newest) return std::unexpected(future_revision(revision, newest));
    if (newest > revision) return newest;
    const auto now = steady_clock::now();
    if (now >= deadline) return std::unexpected(timed_out(revision));
    published_.wait_until(std::min(deadline, now + kLookEvery), [&] { return closed_.load(); });
  }
}

void Feed::close() noexcept {
  closed_.store(true);
  published_.notify();
  if (readers_) readers_->close();
}

// --- One user. ---

std::optional<HistoryTarget> Feed::find(const UserRef& user) {
  if (const model::RecordPtr record = projection_.find(user)) {
    const std::uint64_t last = writer_ != nullptr ? record->revision() : file_revision();
    return HistoryTarget{
        {record->ordinal(), std::string(record->id()), std::string(record->external_id())}, last, true};
  }
  if (user.kind() == UserRef::Kind::external_id || !model::parse_user_id(user.text())) return std::nullopt;
  auto named = with_reader([&](LogReader& reader) { return reader.find_id(user.text()); });
  if (!named) return std::nullopt;
  const std::uint64_t last = writer_ != nullptr ? projection_.visible_revision() : file_revision();
  return HistoryTarget{*std::move(named), last, false};
}

std::uint64_t Feed::file_revision() {
  return with_reader([](LogReader& reader) { return reader.state().revision; });
}

Result<HistoryPage> Feed::history(const UserRef& user, const PageRequest& request) {
  if (auto error = bad_limit(request.limit)) return std::unexpected(*std::move(error));
  const std::optional<HistoryTarget> target = find(user);
  if (!target) return std::unexpected(no_such_user(user, shard_));
  return history_of(*target, user, request, store_id_,
                    [&](const ReadPart& read) { return with_reader(read); });
}

Result<HistoryPage> history_of(const HistoryTarget& target, const UserRef& asked, const PageRequest& request,
                               const StoreId& store_id, const WithLog& with_log) {
  const CursorBinding binding{store_id, CursorKind::history, query_hash({target.user.id})};
  LogReader::Part part{.next = target.last_revision, .floor = 0};
  if (request.after) {
    const auto position = decode_text(binding, request.after->text());
    const auto before = position ? to_revision(*position) : std::nullopt;
    if (!before)
      return std::unexpected(Error(ErrorCode::invalid_cursor, "the cursor is not of this user's history"));
    part.next = *before - 1;
  }
  HistoryPage page;
  const std::size_t limit = request.limit + 1;   // one more tells whether there is a next page
  do {
    index::require_before(request.deadline);
    part = with_log([&, kept = page.changes.size()](LogReader& log) {
      page.changes.resize(kept);
      return log.history(target.user, part.next, limit, page.changes);
    });
  } while (part.next != 0);
  // Whom the file has and memory does not was deleted, and has changes; or is about to become visible.
  if (page.changes.empty() && !target.is_visible && !request.after)
    return std::unexpected(no_such_user(asked));
  page.floor = part.floor;
  if (page.changes.size() == limit) {
    page.changes.pop_back();
    page.next = encode_cursor(binding, std::to_string(page.changes.back().revision));
  }
  return page;
}

}   // namespace usertags::store
