// How a group comes to be seen: begun, offered, prepared, handed over, shown, retired.
#include <algorithm>
#include <cassert>
#include <new>
#include <thread>
#include <utility>

#include "index/projection.hpp"

namespace usertags::index {

using model::Record;

namespace {

void add(const Record& record, std::uint64_t sign, Projection::Counters& counters) noexcept {
  counters.users += sign;
  counters.tags += sign * record.tag_count();
  counters.record_bytes += sign * record.memory_bytes();
}

}   // namespace

std::unique_ptr<Projection::Publication> Projection::begin(std::size_t most) {
  std::unique_ptr<Publication> publication(new Publication(*this));
  if (most >= Companion::kWorthwhile) publication->started_ = companion_.start(publication->early_);
  return publication;
}

std::unique_ptr<Projection::Publication> Projection::prepare(std::vector<Transition> transitions,
                                                             std::uint64_t revision) {
  return prepare(std::unique_ptr<Publication>(new Publication(*this)), std::move(transitions), revision);
}

std::unique_ptr<Projection::Publication> Projection::prepare(std::unique_ptr<Publication> publication,
                                                             std::vector<Transition> transitions,
                                                             std::uint64_t revision) {
  assert(publication->offered_ == 0 || publication->first_offered_ == transitions.data());
  publication->revision_ = revision;
  publication->transitions_ = std::move(transitions);
  publication->is_whole_.store(true, std::memory_order_release);
  if (publication->started_ != 0 || publication->is_large())
    publication->started_ = companion_.start(*publication);
  else
    prepare_tags(*publication);
  find_hashes(*publication);
  prepare_places(*publication);
  return publication;
}

// Of the tag index nobody can tell before it is done what it takes; but it can be given back.
std::unique_ptr<Projection::Publication> Projection::prepare_within(std::int64_t room,
                                                                    std::vector<Transition> transitions,
                                                                    std::uint64_t revision,
                                                                    std::int64_t& growth) {
  std::size_t before = 0;
  {
    const OneMoment moment(moment_);
    before = tags_.figures().heap_bytes;
  }
  std::unique_ptr<Publication> publication(new Publication(*this));
  publication->revision_ = revision;
  publication->transitions_ = std::move(transitions);
  find_hashes(*publication);
  prepare_tags(*publication);
  growth = growth_of_places(*publication);
  {
    const OneMoment moment(moment_);
    growth += static_cast<std::int64_t>(tags_.figures().heap_bytes) - static_cast<std::int64_t>(before) +
              tags_.growth(publication->edits_);
  }
  if (growth > room) return nullptr;
  prepare_places(*publication);
  return publication;
}

void Projection::find_hashes(Publication& publication) {
  publication.hashes_.reserve(publication.transitions_.size());
  for (const Transition& transition : publication.transitions_)
    publication.hashes_.push_back(Directory::hash(transition.after->external_id()));
}

void Projection::make_values(Publication& publication, std::span<const Transition> so_far) {
  tags_.make_values(so_far.subspan(publication.with_values_), publication.edits_);
  publication.with_values_ = so_far.size();
}

void Projection::prepare_tags(Publication& publication) {
  const NewMoment moment(moment_);
  make_values(publication, publication.transitions_);
  tags_.make_room(publication.edits_);
  publication.is_prepared_ = true;
}

void Projection::prepare_places(Publication& publication) {
  publication.links_ = std::make_unique<Link[]>(publication.transitions_.size());
  const std::lock_guard order(order_mutex_);
  for (std::size_t i = 0; i < publication.transitions_.size(); ++i) {
    const Transition& transition = publication.transitions_[i];
    if (transition.creates()) directory_.reserve_new(publication.hashes_[i]);
    ++publication.reserved_;
    if (transition.creates()) order_.reserve(transition.after->ordinal());
  }
}

std::int64_t Projection::growth_of_places(const Publication& publication) const {
  std::int64_t bytes = 0;
  std::vector<std::uint32_t> new_users;   // hashes
  std::uint32_t first = 0;
  std::uint32_t last = 0;
  for (std::size_t i = 0; i < publication.transitions_.size(); ++i) {
    const Transition& transition = publication.transitions_[i];
    if (!transition.after->is_tombstone())
      bytes += static_cast<std::int64_t>(transition.after->memory_bytes());
    if (transition.before) bytes -= static_cast<std::int64_t>(transition.before->memory_bytes());
    if (!transition.creates()) continue;
    new_users.push_back(publication.hashes_[i]);
    last = transition.after->ordinal();
    if (first == 0) first = last;
  }
  if (new_users.empty()) return bytes;
  const std::lock_guard order(order_mutex_);
  return bytes + static_cast<std::int64_t>(directory_.growth(new_users) + order_.growth(first, last));
}

void Projection::undo(const Publication& publication) noexcept {
  for (std::size_t i = 0; i < publication.reserved_; ++i) {
    if (publication.transitions_[i].creates()) directory_.cancel_new(publication.hashes_[i]);
  }
  if (publication.edits_.tags.empty() && publication.edits_.created.empty()) return;
  const NewMoment moment(moment_);
  tags_.cancel(publication.edits_);
}

Projection::Publication::~Publication() {
  is_whole_.store(true, std::memory_order_release);
  owner_.companion_.finish(started_);
  owner_.undo(*this);
  release_records();
  // One after the other: a long list would overflow the stack if each freed the next.
  for (auto next = std::move(next_); next != nullptr;) next = std::move(next->next_);
}

// They are fetched ahead: most were last looked at on another processor, by whoever unlinked them.
void Projection::Publication::release_records() noexcept {
  constexpr std::size_t kAhead = 8;
  for (std::size_t i = 0; i < transitions_.size(); ++i) {
    if (i + kAhead < transitions_.size()) {
      __builtin_prefetch(transitions_[i + kAhead].before.get());
      __builtin_prefetch(transitions_[i + kAhead].after.get());
    }
    if (links_ != nullptr) links_[i].dropped.drop(owner_.blocks_);
    transitions_[i].before.drop(owner_.blocks_);
    transitions_[i].after.drop(owner_.blocks_);
  }
}

// Meanwhile what nobody can see any more is freed: here, because records are freed best where the next ones are made.
void Projection::Publication::expect() const {
  owner_.limbo_.sweep();
  owner_.companion_.finish(started_);
  if (!is_prepared_) throw std::bad_alloc();
}

// Some at once: each time the line goes from one processor to the other.
void Projection::Publication::offer(std::span<const Transition> so_far) noexcept {
  constexpr std::size_t kSome = 32;
  if (so_far.size() < offered_.load(std::memory_order_relaxed) + kSome) return;
  if (first_offered_ == nullptr) first_offered_ = so_far.data();
  offered_.store(so_far.size(), std::memory_order_release);
}

// Judging is no slower than this, so more comes soon; where it does not, run() does the rest.
void Projection::Publication::prepare_offered() noexcept {
  constexpr int kPatience = 200;
  try {
    for (int waited = 0; waited < kPatience; ++waited) {
      const bool is_whole = is_whole_.load(std::memory_order_acquire);   // before what is offered by then
      const std::size_t offered = offered_.load(std::memory_order_acquire);
      if (offered > with_values_) {
        const NewMoment moment(owner_.moment_);
        owner_.make_values(*this, {first_offered_, offered});
        waited = 0;
      } else if (is_whole) {
        return;
      } else {
        std::this_thread::yield();
      }
    }
  } catch (const std::bad_alloc&) {
    is_out_of_memory_ = true;
  }
}

// Prepares, or, what is prepared already, publishes.
void Projection::Publication::run() noexcept {
  if (is_prepared_) return owner_.publish_tags(std::unique_ptr<Publication>(this));
  if (is_out_of_memory_) return;
  try {
    owner_.prepare_tags(*this);
  } catch (const std::bad_alloc&) {   // expect() tells
  }
}

void Projection::publish(std::unique_ptr<Publication> publication) noexcept {
  publish(std::move(publication), []() noexcept {});
}

void Projection::show(const Publication& publication) noexcept {
  push(publication);
  visible_.store(publication.revision_, std::memory_order_release);
}

bool Projection::hand_over(std::unique_ptr<Publication>& publication) noexcept {
  if (!publication->is_large() || !companion_.has_thread()) return false;
  companion_.start(*publication.release());
  return true;
}

void Projection::publish_tags(std::unique_ptr<Publication> publication) noexcept
    USERTAGS_NO_THREAD_SAFETY_ANALYSIS {
  const bool is_large = publication->is_large();
  tags_.publish(std::move(publication->edits_));
  publication->edits_ = {};
  publication->reserved_ = 0;
  while (!publication->is_shown_.load(std::memory_order_acquire)) std::this_thread::yield();
  {
    const model::MutexLock retirement(retirement_);
    Publication* const newest = publication.get();
    (newest_ == nullptr ? oldest_ : newest_->next_) = std::move(publication);
    newest_ = newest;
  }
  moment_.unlock();
  if (is_large)
    retiring_.start();
  else
    retire_some();
}

void Projection::push(const Publication& publication) noexcept {
  constexpr std::size_t kAhead = 8;   // pushes; their slots and records are fetched meanwhile
  const std::vector<Transition>& transitions = publication.transitions_;
  const std::vector<std::uint32_t>& hashes = publication.hashes_;
  const std::lock_guard order(order_mutex_);
  for (std::size_t i = 0; i < transitions.size(); ++i) {
    if (i + kAhead < transitions.size()) {
      directory_.prefetch(hashes[i + kAhead]);
      __builtin_prefetch(transitions[i + kAhead].before.get());
    }
    const Record& after = *transitions[i].after;
    if (transitions[i].creates())
      order_.append({after.ordinal(), hashes[i]}, model::uuid_order(after.uuid()));
    directory_.push(hashes[i], transitions[i].after, transitions[i].creates(), publication.links_[i]);
    count(transitions[i]);
  }
}

void Projection::count(const Transition& transition) noexcept {
  if (transition.before) add(*transition.before, ~std::uint64_t{0}, counters_);   // minus one
  if (!transition.after->is_tombstone()) add(*transition.after, 1, counters_);
}

// Unlinks the predecessors that no snapshot needs: those of publications that every snapshot has seen whole,
// oldest first. Publishing retires more than it adds, so that what a long snapshot has left behind is caught
// up with.
bool Projection::retire_some() const noexcept {
  constexpr int kMost = 4;
  bool more = false;
  {
    const model::MutexLock retirement(retirement_);
    const std::uint64_t oldest_pin = pins_.empty() ? visible_revision() : std::ranges::min(pins_);
    for (int left = kMost; oldest_ != nullptr && oldest_->revision_ <= oldest_pin; --left) {
      more = left == 0;
      if (more) break;
      retire(*oldest_);
      auto next = std::move(oldest_->next_);
      limbo_.put(std::move(oldest_));
      oldest_ = std::move(next);
    }
    if (oldest_ == nullptr) newest_ = nullptr;
  }
  return more;
}

void Projection::retire(Publication& publication) const noexcept {
  for (std::size_t i = 0; i < publication.transitions_.size(); ++i) {
    if (publication.links_[i].version == nullptr) continue;   // nothing was before it
    const Record& version = *publication.transitions_[i].after;
    directory_.unlink(publication.hashes_[i], publication.links_[i]);
    if (!version.is_tombstone()) continue;
    const std::lock_guard order(order_mutex_);
    order_.remove(version.ordinal());
  }
}

}   // namespace usertags::index
