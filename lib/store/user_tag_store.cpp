// The boundary of the library: here what was thrown becomes a value, and nothing is thrown beyond
// but what a host's own function has thrown.
#include <usertags/user_tag_store.hpp>
#include <usertags/version.hpp>

#include <new>
#include <optional>
#include <type_traits>
#include <utility>

#include "store/adopt/adoption.hpp"
#include "store/boundary.hpp"
#include "store/engine.hpp"
#include "store/store_access.hpp"
#include "store/watch/host_call.hpp"

namespace usertags {

class UserTagStore::Impl : public store::Engine {
 public:
  using Engine::Engine;
};

namespace {

using store::all_refused;
using store::guarded;
using store::has_no_store;

std::optional<Error> refuses_reads(const store::Engine* engine) noexcept {
  if (engine == nullptr) return has_no_store();
  return engine->refuses_reads();
}

// It would wait for the call that this thread is in.
Error would_wait_for_itself() noexcept {
  try {
    return {ErrorCode::invalid_argument,
            Error::Details{
                .what = "this call can wait, and was made from within a function that its store called "
                        "(log, clock, uptime or a Progress)",
                .remedy = "make it when that function has returned, or on another thread"}};
  } catch (const std::bad_alloc&) {
    return ErrorCode::invalid_argument;
  }
}

std::optional<Error> refuses_waits(const store::Engine* engine) noexcept {
  if (auto refusal = refuses_reads(engine)) return refusal;
  if (store::HostCall::is_within(engine)) return would_wait_for_itself();
  return std::nullopt;
}

std::optional<Error> refuses_writes(const store::Engine* engine) noexcept {
  if (auto refusal = refuses_waits(engine)) return refusal;
  return engine->refuses_writes();
}

// What every call does: the store refuses it, or answers what `call(engine)` answers, as a Result.
template <class Call>
auto answer(store::Engine* engine, std::optional<Error> (*refuses)(const store::Engine*) noexcept,
            Call&& call) noexcept {
  using Answer = typename store::AsResult<decltype(call(*engine))>::type;
  if (const auto refusal = refuses(engine)) return Answer(std::unexpected(*refusal));
  return guarded([&]() -> Answer {
    if constexpr (std::is_void_v<decltype(call(*engine))>) {
      call(*engine);
      return {};
    } else {
      return call(*engine);
    }
  });
}

template <class Call>
auto reading(store::Engine* engine, Call&& call) noexcept {
  return answer(engine, refuses_reads, call);
}

// Calls that can wait for the file, or for others.
template <class Call>
auto waiting(store::Engine* engine, Call&& call) noexcept {
  return answer(engine, refuses_waits, call);
}

template <class Call>
auto writing(store::Engine* engine, Call&& call) noexcept {
  return answer(engine, refuses_writes, call);
}

}   // namespace

UserTagStore::UserTagStore(std::unique_ptr<Impl> impl) noexcept : impl_(std::move(impl)) {}
UserTagStore::UserTagStore(UserTagStore&& other) noexcept = default;

UserTagStore& UserTagStore::operator=(UserTagStore&& other) noexcept {
  UserTagStore old(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

UserTagStore::~UserTagStore() {
  // In a child after fork the engine's locks may be held by threads that do not exist there.
  if (impl_ && impl_->forked()) std::ignore = impl_.release();
}

Result<UserTagStore> UserTagStore::open(const std::filesystem::path& path, const Options& options) noexcept {
  return guarded(
      [&]() -> Result<UserTagStore> { return UserTagStore(std::make_unique<Impl>(path, options)); });
}

Result<UserTagStore> UserTagStore::open_in_memory(const Options& options) noexcept {
  return guarded(
      [&]() -> Result<UserTagStore> { return UserTagStore(std::make_unique<Impl>(std::nullopt, options)); });
}

Result<UserTagStore> store::StoreAccess::open(const std::filesystem::path& path, const Options& options,
                                              OuterLog& outer_log) noexcept {
  return guarded([&]() -> Result<UserTagStore> {
    return UserTagStore(std::make_unique<UserTagStore::Impl>(path, options, &outer_log));
  });
}

store::Engine& store::StoreAccess::engine(UserTagStore& store) noexcept {
  return *store.impl_;
}

Result<Adoption> UserTagStore::adopt(const std::filesystem::path& path,
                                     const AdoptOptions& options) noexcept {
  return guarded([&]() -> Result<Adoption> { return store::adopt(path, options); });
}

Result<Applied> UserTagStore::create_user(std::string_view external_id, const TagList& tags,
                                          const ApplyOptions& options) noexcept {
  return writing(impl_.get(),
                 [&](auto& engine) { return engine.write(store::CreateView{external_id, tags, options}); });
}

Result<Applied> UserTagStore::ensure_user(std::string_view external_id, const TagList& tags_if_created,
                                          const ApplyOptions& options) noexcept {
  return writing(impl_.get(), [&](auto& engine) {
    return engine.write(store::CreateView{external_id, tags_if_created, options, true});
  });
}

Result<Applied> UserTagStore::modify_with(const UserRef& user, const ApplyOptions& options,
                                          Decider decider) noexcept {
  return writing(impl_.get(), [&](auto& engine) {
    return engine.modify(user, options, [&](const User& found, std::optional<TagBatch>& batch) {
      return decider.call(decider.target, {found, batch});
    });
  });
}

Result<Applied> UserTagStore::apply(const UserRef& user, const TagBatch& batch,
                                    const ApplyOptions& options) noexcept {
  return writing(impl_.get(),
                 [&](auto& engine) { return engine.write(store::PatchView{user, batch, options}); });
}

namespace {

WhereOutcome modify_all(store::Engine* engine, const Selector& selector, const WhereOptions& options,
                        const store::WhereWork& work) noexcept {
  WhereOutcome outcome;
  const auto done = answer(engine, options.dry_run ? refuses_waits : refuses_writes,
                           [&](auto& there) { return there.modify_where(selector, options, work, outcome); });
  if (!done) outcome.stopped = done.error();
  return outcome;
}

}   // namespace

WhereOutcome UserTagStore::modify_where_with(const Selector& selector, const WhereOptions& options,
                                             Decider decider) noexcept {
  const store::Decision decide = [&](const User& found, std::optional<TagBatch>& batch) {
    return decider.call(decider.target, {found, batch});
  };
  return modify_all(impl_.get(), selector, options, {.decide = &decide});
}

WhereOutcome UserTagStore::apply_where(const Selector& selector, const TagBatch& batch,
                                       const WhereOptions& options) noexcept {
  return modify_all(impl_.get(), selector, options, {.batch = &batch});
}

WhereOutcome UserTagStore::delete_where(const Selector& selector, const WhereOptions& options) noexcept {
  return modify_all(impl_.get(), selector, options, {});
}

Result<Applied> UserTagStore::delete_user(const UserRef& user, const ApplyOptions& options) noexcept {
  return writing(impl_.get(), [&](auto& engine) { return engine.write(store::DeleteView{user, options}); });
}

std::vector<Result<Applied>> UserTagStore::apply_each(std::span<const Write> writes) noexcept {
  const std::optional<Error> refusal = refuses_writes(impl_.get());
  std::vector<Result<Applied>> outcomes =
      all_refused<Applied>(writes.size(), refusal.value_or(ErrorCode::store_closed));
  if (refusal || outcomes.empty()) return outcomes;
  const Result<void> done = guarded([&]() -> Result<void> {
    impl_->write_each(writes, outcomes);
    return {};
  });
  if (!done) return all_refused<Applied>(writes.size(), done.error());
  return outcomes;
}

Result<std::vector<Applied>> UserTagStore::apply_all(std::span<const Write> writes) noexcept {
  return writing(impl_.get(), [&](auto& engine) { return engine.write_all(writes); });
}

Result<void> UserTagStore::submit_with(std::vector<Write>&& writes, Completion completion) noexcept {
  store::Done done(completion.target, completion.call, completion.destroy);
  return writing(impl_.get(),
                 [&](auto& engine) { return engine.submit(std::move(writes), std::move(done)); });
}

Result<void> UserTagStore::drain() noexcept {
  return writing(impl_.get(), [&](auto& engine) { return engine.drain(); });
}

Result<Applied> UserTagStore::plan(const UserRef& user, const TagBatch& batch,
                                   const ApplyOptions& options) const noexcept {
  return reading(impl_.get(), [&](auto& engine) { return engine.plan({user, batch, options}); });
}

Result<User> UserTagStore::find(const UserRef& user) const noexcept {
  return reading(impl_.get(), [&](auto& engine) { return engine.find(user); });
}

std::vector<Result<User>> UserTagStore::find_each(std::span<const UserRef> users) const noexcept {
  auto found = reading(impl_.get(), [&](auto& engine) { return engine.find_each(users); });
  return found ? std::move(*found) : all_refused<User>(users.size(), found.error());
}

std::vector<Result<User>> UserTagStore::find_each_with(UserRefs users) const noexcept {
  auto found = reading(impl_.get(), [&](auto& engine) {
    std::vector<UserRef> refs;
    refs.reserve(users.count);
    while (refs.size() < users.count) refs.push_back(users.next(users.at));
    return engine.find_each(refs);
  });
  return found ? std::move(*found) : all_refused<User>(users.count, found.error());
}

Result<void> UserTagStore::read_with(const UserRef& user, Reader reader) const noexcept {
  return reading(impl_.get(), [&](auto& engine) {
    return engine.read(user, [&](const UserView& view) { reader.call(reader.target, view); });
  });
}

Result<UserPage> UserTagStore::list(const PageRequest& page) const noexcept {
  return reading(impl_.get(), [&](auto& engine) { return engine.queries().list(page); });
}

Result<UserPage> UserTagStore::select(const Selector& selector, const PageRequest& page) const noexcept {
  return reading(impl_.get(), [&](auto& engine) { return engine.queries().select(selector, page); });
}

Result<Visited> UserTagStore::for_each_with(const Selector& selector, const AskOptions& options,
                                            Visitor visitor) const noexcept {
  return reading(impl_.get(), [&](auto& engine) {
    return engine.queries().for_each(selector, options,
                                     [&](const User& user) { return visitor.call(visitor.target, user); });
  });
}

Result<Count> UserTagStore::count(const Selector& selector, const AskOptions& options) const noexcept {
  return reading(impl_.get(), [&](auto& engine) { return engine.queries().count(selector, options); });
}

Result<KeyPage> UserTagStore::tag_keys(const KeyRequest& request) const noexcept {
  return reading(impl_.get(), [&](auto& engine) { return engine.queries().tag_keys(request); });
}

Result<ValuePage> UserTagStore::tag_values(std::string_view key, const ValueRequest& request) const noexcept {
  return reading(impl_.get(), [&](auto& engine) { return engine.queries().tag_values(key, request); });
}

Position UserTagStore::position() const noexcept {
  return refuses_reads(impl_.get()) ? Position() : impl_->feed().position();
}

Result<ChangePage> UserTagStore::changes(const Position& after, std::size_t limit) const noexcept {
  return waiting(impl_.get(), [&](auto& engine) { return engine.feed().changes(after, limit); });
}

Result<Position> UserTagStore::membership_changes_with(const Selector& selector, const Position& after,
                                                       const AskOptions& options,
                                                       MembershipListener listener) const noexcept {
  return waiting(impl_.get(), [&](auto& engine) {
    return engine.membership_changes(selector, after, options, [&](const MembershipChange& change) {
      listener.call(listener.target, change);
    });
  });
}

Result<std::uint64_t> UserTagStore::wait_for_changes(const Position& after,
                                                     std::chrono::milliseconds timeout) const noexcept {
  return waiting(impl_.get(), [&](auto& engine) { return engine.feed().wait(after, timeout); });
}

Result<HistoryPage> UserTagStore::history(const UserRef& user, const PageRequest& page) const noexcept {
  return waiting(impl_.get(), [&](auto& engine) { return engine.feed().history(user, page); });
}

std::uint64_t UserTagStore::revision() const noexcept {
  return refuses_reads(impl_.get()) ? 0 : impl_->revision();
}

Result<std::uint64_t> UserTagStore::refresh() noexcept {
  return waiting(impl_.get(), [&](auto& engine) { return engine.refresh(); });
}

Result<std::uint64_t> UserTagStore::read_at_least(std::uint64_t revision,
                                                  std::chrono::milliseconds timeout) noexcept {
  return waiting(impl_.get(), [&](auto& engine) { return engine.read_at_least(revision, timeout); });
}

Result<VerifyReport> UserTagStore::verify() const noexcept {
  return waiting(impl_.get(), [&](auto& engine) { return engine.verify(); });
}

Result<void> UserTagStore::backup(const std::filesystem::path& target,
                                  const Progress& progress) const noexcept {
  return waiting(impl_.get(), [&](auto& engine) { engine.backup(target, progress); });
}

Stats UserTagStore::stats() const noexcept {
  return refuses_reads(impl_.get()) ? Stats() : impl_->stats();
}

Result<std::string> UserTagStore::metrics_text() const noexcept {
  return reading(impl_.get(), [&](auto& engine) { return engine.metrics_text(); });
}

Result<StoredSettings> UserTagStore::settings() const noexcept {
  return reading(impl_.get(), [&](auto& engine) { return engine.settings(); });
}

Result<StoredSettings> UserTagStore::change_settings(const SettingsChange& change,
                                                     std::optional<std::uint64_t> expected_version) noexcept {
  return writing(impl_.get(), [&](auto& engine) { return engine.change_settings(change, expected_version); });
}

Result<void> UserTagStore::checkpoint() noexcept {
  return writing(impl_.get(), [&](auto& engine) { engine.checkpoint(); });
}

Result<void> UserTagStore::maintain(std::chrono::milliseconds budget) noexcept {
  return writing(impl_.get(), [&](auto& engine) { engine.maintain(budget); });
}

Result<void> UserTagStore::compact(const Progress& progress) noexcept {
  return writing(impl_.get(), [&](auto& engine) { engine.compact(progress); });
}

Result<void> UserTagStore::close() noexcept {
  if (!impl_) return {};
  if (impl_->forked()) return std::unexpected(Error(ErrorCode::forked));
  if (store::HostCall::is_within(static_cast<store::Engine*>(impl_.get())))
    return std::unexpected(would_wait_for_itself());
  return guarded([&] { return impl_->close(); });
}

// --- The version. ---

#define USERTAGS_AS_TEXT(number) #number
#define USERTAGS_JOINED(major, minor, patch) \
  USERTAGS_AS_TEXT(major) "." USERTAGS_AS_TEXT(minor) "." USERTAGS_AS_TEXT(patch)

std::string_view version() noexcept {
  return USERTAGS_JOINED(USERTAGS_VERSION_MAJOR, USERTAGS_VERSION_MINOR, USERTAGS_VERSION_PATCH);
}

}   // namespace usertags
