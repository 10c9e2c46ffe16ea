#include "cluster/membership.hpp"

#include <algorithm>
#include <optional>
#include <tuple>
#include <utility>

#include <usertags/user_tag_store.hpp>

#include "cluster/or_throw.hpp"
#include "model/failure.hpp"
#include "sqlite/database.hpp"
#include "sqlite/transaction.hpp"
#include "store/boundary.hpp"
#include "store/file/entropy.hpp"
#include "store/file/reading.hpp"
#include "store/file/store_lock.hpp"
#include "store/store_access.hpp"

namespace usertags::cluster {
namespace {

// Stands behind a file that is open to be bound: nobody writes to it.
class NobodyWrites final : public store::OuterLog {
 public:
  void expect_lead() override { throw model::Failure{ErrorCode::not_leader}; }
  void confirm_lead() override { expect_lead(); }
  sqlite::Transaction::Commit append(const store::Entry&) noexcept override {
    return {sqlite::CommitOutcome::not_applied, Error(ErrorCode::not_leader)};
  }
  void note_lost_file(const Error&) noexcept override {}
};

void expect_own_users(const UserTagStore& store, const store::Shard& shard) {
  if (shard.count == 1) return;
  const auto visited = store.for_each(Selector(), [&](const User& user) {
    const UserRef named = UserRef::external_id(user.external_id());
    if (!shard.has(named)) throw model::Failure{store::wrong_shard(named, shard)};
  });
  std::ignore = or_throw(visited);
}

// Answers the state that the file has then, closed.
Result<sqlite::State> bind(const std::filesystem::path& file, Options options, const Binding& binding,
                           const store::Shard& shard) {
  options.durability = Durability::full;
  options.create_if_missing = false;
  NobodyWrites nobody;
  auto opened = UserTagStore::open(file, options);
  if (!opened && opened.error() == ErrorCode::cluster_member)
    opened = store::StoreAccess::open(file, options, nobody);
  if (!opened) return std::unexpected(std::move(opened).error());
  expect_own_users(*opened, shard);
  store::Engine& engine = store::StoreAccess::engine(*opened);
  if (const sqlite::State state = engine.state(); !is_of(binding_of(state), binding))
    engine.bind(to_stored(binding), store::next_epoch(state.epoch, store::Entropy().next()));
  const sqlite::State state = engine.state();
  if (auto closed = opened->close(); !closed) return std::unexpected(std::move(closed).error());
  return state;
}

}   // namespace

sqlite::Binding to_stored(const Binding& binding) noexcept {
  sqlite::Binding stored{};
  auto to = std::ranges::copy(binding.cluster, stored.begin()).out;
  to = std::ranges::copy(binding.incarnation, to).out;
  std::ranges::copy(binding.node, to);
  return stored;
}

Binding binding_of(const sqlite::State& state) noexcept {
  Binding binding;
  auto take = [from = state.binding.begin()](Id& id) mutable {
    std::copy_n(from, id.size(), id.begin());
    from += static_cast<std::ptrdiff_t>(id.size());
  };
  take(binding.cluster);
  take(binding.incarnation);
  take(binding.node);
  return binding;
}

sqlite::State read_state(const std::filesystem::path& file, std::chrono::milliseconds busy_timeout) {
  return store::read_file(store::open_for_reading, file, busy_timeout, [](store::Reading& reading) {
    const sqlite::ReadTransaction moment(reading.connection);
    return sqlite::StateTable(reading.connection).read();
  });
}

Head first_head(const sqlite::State& state) noexcept {
  return {.store_id = state.store_id,
          .epoch = state.epoch,
          .entry = state.entry,
          .chain = state.entry_checksum,
          .revision = state.revision,
          .last_token = state.last_token,
          .digest = state.digest.bytes()};
}

Result<void> found(const std::filesystem::path& file, const Options& options, const Binding& binding,
                   Log& log, Milliseconds within, const store::Shard& shard) noexcept {
  return store::guarded([&]() -> Result<void> {
    const auto state = bind(file, options, binding, shard);
    if (!state) return std::unexpected(state.error());
    const Head head = first_head(*state);
    const Attempt attempt = log.found(head, within);
    if (attempt.fate == Fate::applied || (attempt.head && attempt.head->head == head)) return {};
    if (attempt.fate == Fate::refused) {
      return std::unexpected(
          Error(ErrorCode::cluster_member,
                Error::Details{.what = "the cluster was founded already, from another state than this file's",
                               .remedy = "join it, or found another incarnation"}));
    }
    return std::unexpected(
        Error(ErrorCode::timeout, Error::Details{.what = "the log of the cluster does not answer",
                                                 .remedy = "found it again: that goes on"}));
  });
}

void as_new_node(const std::filesystem::path& file, const Id& node, std::chrono::milliseconds busy_timeout) {
  const auto lock = store::StoreLock::exclusive(file, busy_timeout);
  sqlite::Database database({.path = file, .busy_timeout = busy_timeout}, {});
  {
    sqlite::Transaction transaction(database.connection());
    sqlite::State state = database.state().read();
    sqlite::expect_bound(state);
    Binding binding = binding_of(state);
    binding.node = node;
    state.binding = to_stored(binding);
    database.state().write(state);
    if (const auto result = transaction.commit(); result.error) throw model::Failure{*result.error};
  }
  database.checkpoint();
  database.close();
}

}   // namespace usertags::cluster
