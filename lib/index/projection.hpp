// Projection: the log's image in memory. It makes committed changes visible, all at once and without a way
// to fail, and lets readers see one moment.
//
// Visibility. The visible revision is flipped once for each group. Before the flip, the group's records are
// swapped in one by one, each linked to its predecessor; a look-up takes the newest version that is not younger
// than the visible revision, and takes no lock for it. So `find` never waits for a group, and no reader sees
// half of one. After the flip, predecessors are unlinked, unless a Snapshot pins an older moment, and freed when
// no reader can be looking at them (epochs.hpp).
//
// Moments. Reads of many users (`find_each`, `list`) and of the tag index hold the moment lock shared, for a
// millisecond or two; `prepare` and `publish` hold it exclusively, for the time of a group in memory, never
// for a disk. A Snapshot costs no lock while it lives: it keeps old versions alive instead.
//
// Beside. The tag index is a third of the work of a group. A large group's part of it is left to a Companion: it is
// prepared while the group is being judged and the file is written, and published while the publishing thread goes on
// to the next group. The moment lock stays taken until that is done, so whoever asks the tag index sees a group whole,
// or waits for it. Waking a thread takes as long as judging a hundred patches: so it gets work before there is all of
// it, and predecessors are unlinked when it has nothing more urgent to do.
//
// One thread at a time prepares and publishes. All else may be called from any thread.
// Locks are taken in this order: moment, retirement, order, shard.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <deque>
#include <limits>
#include <memory>
#include <mutex>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

#include <usertags/user_ref.hpp>

#include "index/companion.hpp"
#include "index/creation_order.hpp"
#include "index/directory.hpp"
#include "index/epochs.hpp"
#include "index/facets.hpp"
#include "index/moment_lock.hpp"
#include "index/selector_slices.hpp"
#include "index/tag_index.hpp"
#include "model/record.hpp"
#include "model/record_blocks.hpp"
#include "model/thread_annotations.hpp"
#include "model/typeid.hpp"
#include "selector/node.hpp"

namespace usertags::index {

class Projection {
 public:
  Projection();
  Projection(const Projection&) = delete;
  Projection& operator=(const Projection&) = delete;
  ~Projection();

  // Fills an empty projection, before anything else: living users in the order of their ordinals, which is that
  // of their ids. Throws std::bad_alloc, and Failure (corrupt_store) where two users share an external id.
  void load(std::span<const model::RecordPtr> records, std::uint64_t revision);

  // --- Publishing. ---

  // Steps that are prepared. Dropping one instead of publishing it undoes the preparation.
  class Publication;
  // Does everything about the transitions that can fail, and shows none of it. They lead from what is visible
  // to `revision`, which is above; the transitions of one external id are in order, and new ordinals ascend.
  // Throws std::bad_alloc. Of a large group the tag index is still being prepared: Publication::expect().
  std::unique_ptr<Publication> prepare(std::vector<Transition> transitions, std::uint64_t revision);
  // The same in two steps, for a group of up to so many transitions that come one after the other: of a large one, what
  // is offered by then (Publication::offer) is prepared meanwhile. Throw std::bad_alloc.
  std::unique_ptr<Publication> begin(std::size_t most);
  std::unique_ptr<Publication> prepare(std::unique_ptr<Publication> begun,
                                       std::vector<Transition> transitions, std::uint64_t revision);
  // The same, where publishing them adds no more than `room` to the bytes of counters(); else null, with
  // nothing prepared. `growth` becomes what it would add, or a little more; negative where more goes than
  // comes.
  std::unique_ptr<Publication> prepare_within(std::int64_t room, std::vector<Transition> transitions,
                                              std::uint64_t revision, std::int64_t& growth);
  // Of what was expected (Publication::expect). Look-ups of users see it when this returns; whoever asks for more waits
  // until the moment is complete.
  void publish(std::unique_ptr<Publication> publication) noexcept;
  // With what belongs to it, which is kept elsewhere: beside() shows that in the same moment.
  template <class Beside>
    requires std::is_nothrow_invocable_v<Beside&>
  void publish(std::unique_ptr<Publication> publication, Beside&& beside) noexcept;
  // Calls the function between two moments: whoever looks at one sees all of what it does, or nothing.
  template <class Function>
    requires std::is_nothrow_invocable_v<Function&>
  void between_moments(Function&& function) noexcept {
    const NewMoment moment(moment_);
    function();
  }

  // What versions that nobody can see any more leave to those that come next.
  model::RecordBlocks& blocks() noexcept { return blocks_; }

  // The thread beside the publishing one, for work of that one's which is done behind what it has started before.
  Companion& companion() noexcept { return companion_; }

  // Users whom the publishing thread is going to look up: their records are fetched into the cache, all at
  // once. Users named by id are not.
  static constexpr std::size_t kMaxPrefetch = 64;
  void prefetch(std::span<const UserRef> users) const noexcept;   // at most kMaxPrefetch

  // --- Reading. ---

  // Calls the function at one moment: what it sees by calls for one user, and what is published beside,
  // belongs to the visible revision. It must not ask for what takes the moment lock itself, and be short.
  template <class Function>
  decltype(auto) at_one_moment(Function&& function) const {
    const OneMoment moment(moment_);
    return std::forward<Function>(function)();
  }

  std::uint64_t visible_revision() const noexcept { return visible_.load(std::memory_order_acquire); }

  // Calls function(const Record&) with the user, who is there until it returns; false where there is no such
  // user. The function may ask for whatever it likes; it delays what is freed, and nobody.
  template <class Function>
  bool visit(const UserRef& user, Function&& function) const {
    return visit_at(user, [&] { return visible_revision(); }, function);
  }
  // Null where there is no such user.
  model::RecordPtr find(const UserRef& user) const noexcept;
  model::RecordPtr find_ordinal(std::uint32_t ordinal) const noexcept;

  // Calls function(const Record&) for the living among the users, in order: each as it is when its turn comes.
  template <class Function>
  void visit_each(std::span<const std::uint32_t> ordinals, Function&& function) const;

  struct Found {
    std::vector<model::RecordPtr> records;   // null where there is no such user
    std::uint64_t revision = 0;
  };
  Found find_each(std::span<const UserRef> users) const;   // throws std::bad_alloc

  struct Page {
    std::vector<model::RecordPtr> records;
    bool more = false;
    std::uint64_t revision = 0;
  };
  // Users with ordinals above `after`, in that order. Throws std::bad_alloc.
  Page list(std::uint32_t after, std::size_t limit) const;

  // Likewise, those whom the selector matches. Their moment is held without a lock while records are
  // gathered. No question holds the moment lock for longer than a millisecond or two: one that is more work
  // is done in slices (selector_slices.hpp). Throw std::bad_alloc, and Failure (timeout) after the deadline.
  Page select(const selector::Node& selector, std::uint32_t after, std::size_t limit,
              const Deadline& deadline = {}) const;
  struct Count {
    std::uint64_t users = 0;
    std::uint64_t revision = 0;
  };
  Count count(const selector::Node& selector, const Deadline& deadline = {}) const;

  // The ordinals above `after` of all whom it matches, at one moment.
  std::vector<std::uint32_t> all_matching(const selector::Node& selector, std::uint32_t after,
                                          const Deadline& deadline = {}) const;

  // The keys, or the values of one, in order, or the values with the most users. Throw std::bad_alloc.
  FacetPage tag_keys(const FacetRange& range) const;
  FacetPage tag_values(std::string_view key, const FacetRange& range) const;
  FacetPage top_tag_values(std::string_view key, std::string_view prefix, std::size_t limit) const;

  // One moment, held without a lock: every user as of `revision()`.
  class Snapshot;
  Snapshot pin() const;   // throws std::bad_alloc

  // --- Proof and figures. ---

  struct Counters {
    std::uint64_t users = 0;
    std::uint64_t tags = 0;
    std::uint64_t tag_keys = 0;
    std::uint64_t tag_values = 0;
    std::uint64_t record_bytes = 0;
    std::uint64_t directory_bytes = 0;
    std::uint64_t tag_index_bytes = 0;
    std::uint64_t bytes() const noexcept { return record_bytes + directory_bytes + tag_index_bytes; }
  };
  Counters counters() const noexcept;

  // Compares the tag index with the users' tags, a stretch at a time, so that publishing goes on in between;
  // calls report(key, value, what) for each difference.
  template <class Report>
  void check_tag_index(Report&& report) const;

 private:
  // Users looked at, or members of sets, while a lock is held once.
  static constexpr std::size_t kStretch = 1024;

  template <class Revision, class Function>
  bool visit_at(const UserRef& user, Revision&& revision, Function&& function) const;
  template <class Revision, class Function>
  bool visit_id(const model::Uuid& id, Revision&& revision, Function&& function) const;
  template <class Revision>
  model::RecordPtr share(const CreationOrder::Place& place, Revision&& revision) const noexcept;

  std::vector<CreationOrder::Place> places_after(std::uint32_t after, std::size_t limit) const;
  // Fills `places` from the front with the places of those of the users who live, or are kept for a Snapshot;
  // answers how many.
  std::size_t places_of(std::span<const std::uint32_t> ordinals,
                        std::span<CreationOrder::Place> places) const;
  void prefetch(std::span<const CreationOrder::Place> places) const noexcept;   // records, into the cache
  // Of users who lived at a revision that is pinned. Throws std::bad_alloc.
  std::vector<model::RecordPtr> records_of(std::span<const std::uint32_t> ordinals,
                                           std::uint64_t revision) const;
  template <class Report>
  bool check_users(std::uint32_t& after, Report&& report) const;
  template <class Report>
  bool check_set(std::string_view key, std::string_view value, std::uint32_t& after, Report&& report) const;

  void load_directory(std::span<const model::RecordPtr> records) USERTAGS_REQUIRES(moment_);
  void load_user(const model::RecordPtr& record, std::uint32_t hash) USERTAGS_REQUIRES(moment_);
  static void find_hashes(Publication& publication);
  void make_values(Publication& publication, std::span<const Transition> so_far) USERTAGS_REQUIRES(moment_);
  void prepare_tags(Publication& publication);
  void prepare_places(Publication& publication);
  void show(const Publication& publication) noexcept USERTAGS_REQUIRES(moment_);
  // To the companion, where there is one and it is worth it; false: it is still the caller's.
  bool hand_over(std::unique_ptr<Publication>& publication) noexcept USERTAGS_REQUIRES(moment_);
  // Ends the moment that publish() began, on this thread or another, when it is shown.
  void publish_tags(std::unique_ptr<Publication> publication) noexcept;
  // What publishing will add to records, directory and order: none of it is prepared.
  std::int64_t growth_of_places(const Publication& publication) const;
  void push(const Publication& publication) noexcept USERTAGS_REQUIRES(moment_);
  void undo(const Publication& publication) noexcept;
  void count(const Transition& transition) noexcept USERTAGS_REQUIRES(moment_);
  // Some of what no snapshot needs any more, so that nobody waits for long; false: that was all.
  bool retire_some() const noexcept USERTAGS_EXCLUDES(retirement_);
  void retire(Publication& publication) const noexcept USERTAGS_REQUIRES(retirement_);
  Snapshot pin_moment() const USERTAGS_REQUIRES_SHARED(moment_);
  Ordinals matching_at(const Snapshot& snapshot, const selector::Node& selector,
                       const Deadline& deadline) const;
  // Calls function(const Transition&) for all that was published since the snapshot's moment, in order, behind what an
  // earlier call has seen. Answers what the next call is told.
  template <class Function>
  const Publication* visit_since(const Snapshot& snapshot, const Publication* seen,
                                 Function&& function) const;
  // Of whom something was published since then.
  std::vector<Touched> touched_since(const Snapshot& snapshot) const;
  void unpin(std::uint64_t revision) const noexcept;

  model::RecordBlocks blocks_;   // behind the Publications in limbo
  mutable Limbo limbo_;
  mutable Directory directory_;   // locks itself; retiring is no change that a reader sees
  alignas(64) std::atomic<std::uint64_t> visible_{0};   // a line that no reader writes

  alignas(64) mutable MomentLock moment_;
  TagIndex tags_ USERTAGS_GUARDED_BY(moment_);
  Counters counters_ USERTAGS_GUARDED_BY(moment_);

  mutable std::mutex order_mutex_;   // of those who change order_
  mutable CreationOrder order_;

  mutable model::Mutex retirement_;
  mutable std::vector<std::uint64_t> pins_ USERTAGS_GUARDED_BY(retirement_);   // a revision for each Snapshot
  // What was published and has predecessors yet, oldest first: a list, so that adding to it cannot fail.
  mutable std::unique_ptr<Publication> oldest_ USERTAGS_GUARDED_BY(retirement_);
  mutable Publication* newest_ USERTAGS_GUARDED_BY(retirement_) = nullptr;

  // What publishing retires, when the companion has nothing more urgent to do.
  class Retiring final : public Companion::Work {
   public:
    explicit Retiring(Projection& owner) noexcept : owner_(owner) {}
    void start() noexcept {
      if (!is_started_.exchange(true)) owner_.companion_.start(*this);
    }
    void run() noexcept override {
      is_started_ = false;
      owner_.retire_some();
    }

   private:
    Projection& owner_;
    std::atomic<bool> is_started_{false};
  };
  Retiring retiring_{*this};

  Companion companion_;   // last: it works on the rest
};

class Projection::Publication final : public Garbage, private Companion::Work {
 public:
  ~Publication() override;

  // Of one that was begun: the transitions so far, none of which will be taken back. They stay where they are.
  void offer(std::span<const Transition> so_far) noexcept;
  // Returns when all is prepared. Throws std::bad_alloc where it could not be: the publication is to be dropped.
  void expect() const;

 private:
  friend class Projection;
  explicit Publication(Projection& owner) noexcept : owner_(owner), early_(*this) {}

  // Prepares what is offered, until that is all.
  class Early final : public Companion::Work {
   public:
    explicit Early(Publication& publication) noexcept : publication_(publication) {}
    void run() noexcept override { publication_.prepare_offered(); }

   private:
    Publication& publication_;
  };

  bool is_large() const noexcept { return transitions_.size() >= Companion::kWorthwhile; }
  void run() noexcept override;
  void prepare_offered() noexcept;
  void release_records() noexcept;

  Projection& owner_;
  std::uint64_t revision_ = 0;
  std::vector<Transition> transitions_;
  std::vector<std::uint32_t> hashes_;   // of the transitions' users
  std::unique_ptr<Link[]> links_;       // one for each transition, …
  std::size_t reserved_ = 0;            // … those up to here with room in the directory
  std::uint64_t started_ = 0;           // with the companion, when it got this to prepare
  TagEdits edits_;                      // not yet published
  std::size_t with_values_ = 0;         // transitions up to here have their edits, and these their values
  bool is_prepared_ = false;            // all of it
  bool is_out_of_memory_ = false;
  std::unique_ptr<Publication> next_;   // retired after this one

  // Between the publishing thread and the companion.
  Early early_;
  const Transition* first_offered_ = nullptr;
  std::atomic<std::size_t> offered_{0};
  std::atomic<bool> is_whole_{false};   // nothing more is offered
  std::atomic<bool> is_shown_{false};
};

class Projection::Snapshot {
 public:
  Snapshot(Snapshot&& other) noexcept
      : owner_(std::exchange(other.owner_, nullptr)), revision_(other.revision_), newest_(other.newest_) {}
  Snapshot& operator=(Snapshot&&) = delete;
  ~Snapshot() {
    if (owner_ != nullptr) owner_->unpin(revision_);
  }

  std::uint64_t revision() const noexcept { return revision_; }

  // Calls function(const Record&) for every user, in the order of creation. No lock is held meanwhile.
  // Throws std::bad_alloc.
  template <class Function>
  void for_each(Function&& function) const {
    std::uint32_t after = 0;
    while (true) {
      const std::vector<CreationOrder::Place> places = owner_->places_after(after, kStretch);
      for (const CreationOrder::Place& place : places) {
        if (const auto record = owner_->share(place, [&] { return revision_; })) function(*record);
      }
      if (places.size() < kStretch) return;
      after = places.back().ordinal;
    }
  }

 private:
  friend class Projection;
  Snapshot(const Projection& owner, std::uint64_t revision, const Publication* newest) noexcept
      : owner_(&owner), revision_(revision), newest_(newest) {}

  const Projection* owner_;
  std::uint64_t revision_;
  const Publication* newest_;   // then; it may be retired by now
};

template <class Beside>
  requires std::is_nothrow_invocable_v<Beside&>
void Projection::publish(std::unique_ptr<Publication> publication,
                         Beside&& beside) noexcept USERTAGS_NO_THREAD_SAFETY_ANALYSIS {
  moment_.lock();
  Publication& shown = *publication;   // there until the moment ends
  const bool is_handed_over = hand_over(publication);
  show(shown);
  beside();
  shown.is_shown_.store(true, std::memory_order_release);
  if (!is_handed_over) publish_tags(std::move(publication));
}

template <class Revision, class Function>
bool Projection::visit_at(const UserRef& user, Revision&& revision, Function&& function) const {
  if (user.kind() != UserRef::Kind::external_id) {
    if (const auto uuid = model::parse_user_id(user.text())) return visit_id(*uuid, revision, function);
    if (user.kind() == UserRef::Kind::id) return false;
  }
  return directory_.visit(user.text(), revision, function);
}

// The first 64 bits of an id find the place; all of it has to be the user's.
template <class Revision, class Function>
bool Projection::visit_id(const model::Uuid& id, Revision&& revision, Function&& function) const {
  const EpochGuard reading;
  const std::optional<CreationOrder::Place> place = order_.find_id(model::uuid_order(id));
  bool same_id = false;
  return place && directory_.visit(place->ordinal, place->hash, revision, [&](const model::Record& record) {
    same_id = record.uuid() == id;
    if (same_id) function(record);
  }) && same_id;
}

template <class Revision>
model::RecordPtr Projection::share(const CreationOrder::Place& place, Revision&& revision) const noexcept {
  model::RecordPtr found;
  directory_.visit(place.ordinal, place.hash, revision,
                   [&](const model::Record& record) { found = model::RecordPtr::share(record); });
  return found;
}

template <class Function>
void Projection::visit_each(std::span<const std::uint32_t> ordinals, Function&& function) const {
  std::array<CreationOrder::Place, kMaxPrefetch> places;
  while (!ordinals.empty()) {
    const auto some = ordinals.first(std::min(ordinals.size(), kMaxPrefetch));
    ordinals = ordinals.subspan(some.size());
    const auto found = std::span(places).first(places_of(some, places));
    prefetch(found);
    for (const CreationOrder::Place& place : found) {
      if (const auto record = share(place, [&] { return visible_revision(); })) function(*record);
    }
  }
}

// Publications behind a snapshot stay, and their links do not change, but for the last one's.
template <class Function>
const Projection::Publication* Projection::visit_since(const Snapshot& snapshot, const Publication* seen,
                                                       Function&& function) const {
  const Publication* first = nullptr;
  const Publication* last = nullptr;
  {
    const model::MutexLock retirement(retirement_);
    last = newest_;
    if (oldest_ == nullptr || last == seen || last->revision_ <= snapshot.revision_) return seen;
    first = seen != nullptr                           ? seen->next_.get()
            : oldest_->revision_ > snapshot.revision_ ? oldest_.get()
                                                      : snapshot.newest_->next_.get();
  }
  for (const Publication* publication = first;; publication = publication->next_.get()) {
    for (const Transition& transition : publication->transitions_) function(transition);
    if (publication == last) return last;
  }
}

// Both ways: each user's tags are in the index, and each member of a set has the tag.
template <class Report>
void Projection::check_tag_index(Report&& report) const {
  for (std::uint32_t after = 0; check_users(after, report);) {
  }
  std::vector<std::pair<std::string, std::string>> tags;   // by name: entries may come and go meanwhile
  {
    const OneMoment moment(moment_);
    if (tags_.users().size() != counters_.users)
      report(std::string_view(), std::string_view(), "has another number of users");
    tags_.keys().visit_from({}, [&](std::string_view key, const auto& entry) {
      entry->values().visit_from({}, [&](std::string_view value, const UserSet&) {
        tags.emplace_back(key, value);
        return true;
      });
      return true;
    });
  }
  for (const auto& [key, value] : tags) {
    for (std::uint32_t after = 0; check_set(key, value, after, report);) {
    }
  }
}

// A stretch of users after an ordinal, at one moment; false when there were no more.
template <class Report>
bool Projection::check_users(std::uint32_t& after, Report&& report) const {
  const OneMoment moment(moment_);
  const std::vector<CreationOrder::Place> places = places_after(after, kStretch);
  for (const CreationOrder::Place& place : places) {
    const model::RecordPtr record = share(place, [&] { return visible_revision(); });
    if (tags_.users().contains(place.ordinal) != bool{record})
      report(std::string_view(), std::string_view(),
             record ? "lacks a user who lives" : "has a user who is gone");
    if (!record) continue;
    for (const Tag tag : *record) {
      const KeyEntry* key = tags_.find(tag.key);
      const UserSet* users = key == nullptr ? nullptr : key->values().find(tag.value);
      if (users == nullptr || !users->contains(place.ordinal))
        report(tag.key, tag.value, "lacks a user who has it");
      if (key == nullptr || !key->users().contains(place.ordinal))
        report(tag.key, tag.value, "lacks a user of its key");
    }
  }
  if (places.empty()) return false;
  after = places.back().ordinal;
  return true;
}

// A stretch of the tag's users after an ordinal, likewise.
template <class Report>
bool Projection::check_set(std::string_view key, std::string_view value, std::uint32_t& after,
                           Report&& report) const {
  const OneMoment moment(moment_);
  const KeyEntry* const entry = tags_.find(key);
  const UserSet* const users = entry == nullptr ? nullptr : entry->values().find(value);
  if (users == nullptr) return false;
  std::size_t left = kStretch;
  users->visit_from(after + 1, [&](std::uint32_t ordinal) {
    const model::RecordPtr record = find_ordinal(ordinal);
    if (!record || record->find(key) != value) report(key, value, "has a user who does not have it");
    if (!entry->users().contains(ordinal)) report(key, value, "has a user whom its key lacks");
    after = ordinal;
    return --left != 0;
  });
  return left == 0 && after != std::numeric_limits<std::uint32_t>::max();
}

}   // namespace usertags::index
