#include "store/copy/restoration.hpp"

#include <xxhash.h>

#include <limits>
#include <string>
#include <vector>

#include "model/failure.hpp"
#include "model/shown_text.hpp"
#include "model/tag_rules.hpp"
#include "model/typeid.hpp"
#include "sqlite/statement.hpp"
#include "store/file/entropy.hpp"
#include "store/memory/settings.hpp"

namespace usertags::store {

namespace {

using model::Record;
using model::RecordPtr;

constexpr std::size_t kGroup = 4'096;   // users of one transaction

[[noreturn]] void refuse(std::string what) {
  model::fail(ErrorCode::invalid_argument, std::move(what));
}

BackupTarget judged_target(const std::filesystem::path& path, const RestoreOptions& options) {
  check_busy_timeout(options.busy_timeout);
  return {path,
          {.store = {},
           .allow_network_file_system = options.allow_network_file_system,
           .patience = options.busy_timeout,
           .may_replace = false}};
}

sqlite::State state_of(const RestoredStore& store) {
  check(store.settings);
  constexpr auto kMost = static_cast<std::uint64_t>(sqlite::kMaxInteger);
  if (store.settings.version == 0 || store.settings.version > kMost)
    refuse("the settings' version is out of range");
  if (store.revision >= kMost) refuse("the store's revision is out of range");
  sqlite::State state;
  fill_random(state.store_id);
  state.revision = state.folded_revision = store.revision;
  state.log_floor = store.revision + 1;
  state.settings = store.settings;
  if (store.last_id.empty()) return state;
  const auto last_id = model::parse_user_id(store.last_id);
  if (!last_id) refuse("last_id is " + model::quoted(store.last_id) + ", which is no id");
  state.last_id = *last_id;
  return state;
}

sqlite::ConnectionConfig configure(const PartialFile& file) {
  sqlite::ConnectionConfig config;
  config.path = file.path();
  config.mode = sqlite::OpenMode::create;
  config.durability = Durability::relaxed;   // until it is in place, nobody relies on it
  return config;
}

Settings without_limit(Settings settings) {
  settings.tags_per_user = Record::kMaxTags;
  return settings;
}

}   // namespace

Restoration::Restoration(const std::filesystem::path& path, const RestoredStore& store,
                         const RestoreOptions& options)
    : target_(judged_target(path, options)),
      partial_(target_->path().parent_path(), std::nullopt),
      state_(state_of(store)),
      database_(configure(partial_), state_),
      planner_(without_limit(store.settings)),
      fork_guard_([](void*) noexcept {}, this) {}

void Restoration::expect_open() const {
  if (stage_ == Stage::open) return;
  if (stage_ == Stage::finished) model::fail(ErrorCode::store_closed, "the store is in place already");
  model::fail(ErrorCode::store_failed, "an earlier call could not write the store", "begin anew");
}

// --- One user. ---

void Restoration::add(const RestoredUser& user) {
  expect_open();
  const RecordPtr record = judged(user);
  stage_ = Stage::failed;   // unless all of it is written
  write(*record, user.external_id);
  stage_ = Stage::open;
}

// Within a store the first halves of ids alone order them.
model::Uuid Restoration::judged_id(const RestoredUser& user) const {
  const auto id = model::parse_user_id(user.id);
  if (!id) refuse(model::quoted(user.id) + " is no id");
  if (model::uuid_order(*id) <= model::uuid_order(last_id_))
    refuse("the id " + user.id + " is not greater than that of the user before");
  if (*id > state_.last_id) refuse("the id " + user.id + " is beyond the newest that the store has given");
  return *id;
}

RecordPtr Restoration::judged(const RestoredUser& user) {
  if (const auto wrong = model::check_external_id(user.external_id)) refuse("the external id " + *wrong);
  const model::Uuid id = judged_id(user);
  if (model::slot_of(id) != model::slot_of(user.external_id))
    refuse("the id " + user.id + " is not one of the external id " + model::quoted(user.external_id));
  if (user.revision == 0 || user.revision > state_.revision) {
    refuse("revision " + std::to_string(user.revision) + " is not one of the store's, which are 1 to " +
           std::to_string(state_.revision));
  }
  if (revisions_.contains(user.revision))
    refuse("revision " + std::to_string(user.revision) + " is that of an earlier user, too");
  refuse_taken(user.external_id);
  if (state_.last_ordinal == std::numeric_limits<std::uint32_t>::max())
    model::fail(ErrorCode::memory_budget_exceeded, "there are no more ordinals of users");
  planner_.plan_creation(user.tags);
  if (planner_.refused()) {
    throw model::Failure{
        Error(ErrorCode::batch_refused, Error::Details{.violations = planner_.take_violations()})};
  }
  return Record::make(state_.last_ordinal + 1, user.revision, id, user.external_id, planner_.tags());
}

namespace {

std::pair<std::uint64_t, std::uint64_t> hash_of(std::string_view external_id) noexcept {
  const XXH128_hash_t hash = XXH3_128bits(external_id.data(), external_id.size());
  return {hash.low64, hash.high64};
}

}   // namespace

void Restoration::refuse_taken(std::string_view external_id) {
  const auto taken = names_.find(hash_of(external_id));
  if (taken == names_.end()) return;
  std::string holder;
  sqlite::UserTable::Finder rows(database_.connection());
  if (const auto row = rows.find_from(taken->second)) holder = row->id;
  throw model::Failure{
      Error(ErrorCode::user_exists,
            Error::Details{.what = "the external id " + model::quoted(external_id) + " belongs to " + holder,
                           .existing_id = holder})};
}

void Restoration::write(const Record& user, std::string_view external_id) {
  if (!transaction_) transaction_.emplace(database_.connection());
  database_.users().insert(user);
  database_.hashes().add(user.ordinal(), external_id);
  database_.hashes().complete(state_.last_ordinal, user.ordinal());
  names_.emplace(hash_of(external_id), user.ordinal());
  revisions_.insert(user.revision());
  state_.digest += model::user_hash(user);
  state_.last_ordinal = user.ordinal();
  last_id_ = user.uuid();
  if (++uncommitted_ == kGroup) commit();
}

void Restoration::commit() {
  auto [outcome, error] = transaction_->commit();
  transaction_.reset();
  if (error) throw model::Failure{*std::move(error)};
  uncommitted_ = 0;
  database_.checkpoint();
}

// --- The store. ---

void Restoration::finish(std::optional<std::string_view> digest) {
  expect_open();
  if (digest && *digest != state_.digest.hex()) {
    model::fail(ErrorCode::invalid_argument,
                "the users come to the digest " + state_.digest.hex() + ", not " + model::quoted(*digest),
                "some are missing, or are not as they were: write the file again where it comes from");
  }
  stage_ = Stage::failed;   // unless it comes to its end
  write_state();
  database_.checkpoint_and_truncate();
  database_.close();
  expect_good_copy(partial_.path());
  target_->replace_by(partial_.path());
  target_.reset();
  stage_ = Stage::finished;
}

// In the commit of the last users; it counts as one entry.
void Restoration::write_state() {
  if (!transaction_) transaction_.emplace(database_.connection());
  sqlite::note_entry(state_, {});
  database_.state().write(state_);
  commit();
}

}   // namespace usertags::store
