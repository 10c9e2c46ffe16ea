#include "index/projection.hpp"

#include <algorithm>
#include <array>
#include <boost/unordered/unordered_flat_set.hpp>
#include <cassert>
#include <utility>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "model/signals_blocked.hpp"

namespace usertags::index {

using model::Record;
using model::RecordPtr;

Projection::Projection() : directory_(limbo_), order_(limbo_) {}

// Links lie with their publications: they are taken out before these go.
Projection::~Projection() {
  companion_.finish();
  while (retire_some()) {
  }
}

// The tag index is the larger half of the work, and has nothing to do with the other: it is loaded on a
// thread of its own, which is gone when this returns; where the system gives none, behind the other.
void Projection::load(std::span<const RecordPtr> records, std::uint64_t revision) {
  const NewMoment moment(moment_);
  auto tags = model::begin_beside([&]() USERTAGS_NO_THREAD_SAFETY_ANALYSIS { tags_.load(records); });
  load_directory(records);
  tags.get();
  visible_.store(revision, std::memory_order_release);
}

void Projection::load_directory(std::span<const RecordPtr> records) {
  constexpr std::size_t kAhead = 16;   // look-ups; their slots are fetched meanwhile
  const std::lock_guard order(order_mutex_);
  std::vector<std::uint32_t> hashes;
  hashes.reserve(records.size());
  for (const RecordPtr& record : records) hashes.push_back(Directory::hash(record->external_id()));
  directory_.reserve_users(hashes);
  for (std::size_t i = 0; i < records.size(); ++i) {
    if (i + kAhead < records.size()) directory_.prefetch(hashes[i + kAhead]);
    load_user(records[i], hashes[i]);
  }
}

void Projection::load_user(const RecordPtr& record, std::uint32_t hash) {
  const std::uint64_t id = model::uuid_order(record->uuid());
  assert(id > order_.last_id());
  if (!directory_.load(hash, record)) {
    model::fail(ErrorCode::corrupt_store,
                "two users have the external id " + model::quoted(record->external_id()));
  }
  order_.reserve(record->ordinal());
  order_.append({record->ordinal(), hash}, id);
  count({{}, record});
}

// --- Reading. ---

RecordPtr Projection::find(const UserRef& user) const noexcept {
  RecordPtr found;
  visit(user, [&](const Record& record) { found = RecordPtr::share(record); });
  return found;
}

RecordPtr Projection::find_ordinal(std::uint32_t ordinal) const noexcept {
  const EpochGuard reading;
  const std::optional<CreationOrder::Place> place = order_.find_ordinal(ordinal);
  return place ? share(*place, [&] { return visible_revision(); }) : RecordPtr();
}

void Projection::prefetch(std::span<const UserRef> users) const noexcept {
  std::array<std::uint32_t, kMaxPrefetch> hashes;
  std::size_t count = 0;
  for (const UserRef& user : users) {
    if (user.kind() == UserRef::Kind::id || model::parse_user_id(user.text())) continue;
    directory_.prefetch(hashes[count++] = Directory::hash(user.text()));
  }
  for (const std::uint32_t hash : std::span(hashes).first(count)) directory_.prefetch_record(hash);
}

std::size_t Projection::places_of(std::span<const std::uint32_t> ordinals,
                                  std::span<CreationOrder::Place> places) const {
  std::size_t count = 0;
  const EpochGuard reading;
  for (const std::uint32_t ordinal : ordinals) {
    if (const auto place = order_.find_ordinal(ordinal)) places[count++] = *place;
  }
  return count;
}

void Projection::prefetch(std::span<const CreationOrder::Place> places) const noexcept {
  const EpochGuard reading;
  for (const CreationOrder::Place& place : places) directory_.prefetch(place.hash);
  for (const CreationOrder::Place& place : places) directory_.prefetch_record(place.hash);
}

Projection::Found Projection::find_each(std::span<const UserRef> users) const {
  Found found;
  found.records.reserve(users.size());
  if (users.size() <= kStretch) {
    const OneMoment moment(moment_);
    found.revision = visible_revision();
    for (const UserRef& user : users) found.records.push_back(find(user));
    return found;
  }
  // More than the moment lock is held for: at a moment that is pinned.
  const Snapshot snapshot = pin();
  found.revision = snapshot.revision();
  for (const UserRef& user : users) {
    RecordPtr& record = found.records.emplace_back();
    visit_at(
        user, [&] { return found.revision; },
        [&](const Record& version) { record = RecordPtr::share(version); });
  }
  return found;
}

std::vector<CreationOrder::Place> Projection::places_after(std::uint32_t after, std::size_t limit) const {
  std::vector<CreationOrder::Place> places;
  places.reserve(limit);
  const EpochGuard reading;
  order_.visit_after(after, [&](const CreationOrder::Place& place) {
    if (places.size() == limit) return false;
    places.push_back(place);
    return true;
  });
  return places;
}

Projection::Page Projection::list(std::uint32_t after, std::size_t limit) const {
  Page page;
  page.records.reserve(limit);
  const OneMoment moment(moment_);
  page.revision = visible_revision();
  // At this moment all places are living users, but for those whose predecessors are about to be dropped.
  while (true) {
    const std::vector<CreationOrder::Place> places = places_after(after, limit + 1);
    for (const CreationOrder::Place& place : places) {
      RecordPtr record = share(place, [&] { return page.revision; });
      if (!record) continue;
      page.more = page.records.size() == limit;
      if (page.more) return page;
      page.records.push_back(std::move(record));
    }
    if (places.size() <= limit) return page;
    after = places.back().ordinal;
  }
}

Projection::Snapshot Projection::pin() const {
  const OneMoment moment(moment_);
  return pin_moment();
}

Projection::Snapshot Projection::pin_moment() const {
  const std::uint64_t revision = visible_revision();
  const model::MutexLock retirement(retirement_);
  pins_.push_back(revision);
  return {*this, revision, newest_};
}

std::vector<Touched> Projection::touched_since(const Snapshot& snapshot) const {
  std::vector<Touched> touched;
  boost::unordered_flat_set<std::uint32_t> seen;
  visit_since(snapshot, nullptr, [&](const Transition& transition) {
    if (seen.insert(transition.after->ordinal()).second)
      touched.push_back({transition.after->ordinal(), transition.before});
  });
  return touched;
}

void Projection::unpin(std::uint64_t revision) const noexcept {
  {
    const model::MutexLock retirement(retirement_);
    pins_.erase(std::ranges::find(pins_, revision));
  }
  while (retire_some()) {
  }
  limbo_.sweep();
}

Projection::Counters Projection::counters() const noexcept {
  const OneMoment moment(moment_);
  Counters counters = counters_;
  const TagIndex::Figures tags = tags_.figures();
  counters.tag_keys = tags.keys;
  counters.tag_values = tags.values;
  counters.tag_index_bytes = tags.heap_bytes;
  counters.directory_bytes = directory_.heap_bytes();
  const std::lock_guard order(order_mutex_);
  counters.directory_bytes += order_.heap_bytes();
  return counters;
}

}   // namespace usertags::index
