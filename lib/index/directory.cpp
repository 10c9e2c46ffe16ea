#include "index/directory.hpp"

#include <cassert>
#include <utility>

namespace usertags::index {

using model::Record;
using model::RecordPtr;

void Directory::reserve_users(std::span<const std::uint32_t> hashes) {
  std::array<std::size_t, kShards> users{};
  for (const std::uint32_t hash : hashes) ++users[shard_of(hash)];
  for (std::size_t i = 0; i < kShards; ++i) {
    const model::MutexLock lock(shards_[i].mutex);
    reserve(shards_[i], users[i]);
  }
}

void Directory::reserve(Shard& shard, std::size_t users) {
  const std::size_t bytes = shard.records.heap_bytes();
  shard.records.reserve(users);
  table_bytes_.fetch_add(shard.records.heap_bytes() - bytes, std::memory_order_relaxed);
}

bool Directory::load(std::uint32_t hash, RecordPtr record) {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  const auto is_same = [&](const Record& other) { return other.external_id() == record->external_id(); };
  if (shard.records.find(hash, is_same) != RecordTable::kNone) return false;
  reserve(shard, shard.records.size() + 1);
  shard.records.insert(hash, std::move(record));
  return true;
}

// A map that lost elements may rehash earlier than its capacity told (Boost.Unordered, "anti-drift"), by one
// element for each that is lost: those that go before the push() make as much room as they take.
void Directory::Shard::make_room_for_predecessor() {
  const std::size_t versions = predecessors.size() + awaited + 1;
  if (versions > predecessors.max_load()) {
    Predecessors roomy;
    roomy.reserve(versions);
    for (auto& [version, predecessor] : predecessors) roomy.emplace(version, std::move(predecessor));
    predecessors.swap(roomy);
  }
  ++awaited;
}

// What a large group or a long snapshot has left behind. Room that a group awaits stays.
void Directory::Shard::release_large_room() noexcept {
  constexpr std::size_t kUsualBuckets = 255;
  if (predecessors.empty() && awaited == 0 && predecessors.bucket_count() > kUsualBuckets)
    Predecessors().swap(predecessors);
}

const Record* Directory::Shard::predecessor_of(const Record& version) const noexcept {
  if (predecessors.empty()) return nullptr;
  const auto older = predecessors.find(&version);
  return older == predecessors.end() ? nullptr : older->second.get();
}

bool Directory::Shard::leads_to(const Record& newest, std::uint32_t ordinal) const noexcept {
  const Record* version = &newest;
  while (version != nullptr && version->ordinal() != ordinal) version = predecessor_of(*version);
  return version != nullptr;
}

void Directory::reserve(std::uint32_t hash, bool is_new) {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  if (is_new) reserve(shard, shard.records.size() + shard.awaited_users + 1);
  shard.make_room_for_predecessor();
  if (is_new) ++shard.awaited_users;
}

std::size_t Directory::growth(std::span<const std::uint32_t> hashes) const noexcept {
  std::array<std::size_t, kShards> users{};
  for (const std::uint32_t hash : hashes) ++users[shard_of(hash)];
  std::size_t bytes = 0;
  for (std::size_t i = 0; i < kShards; ++i) {
    if (users[i] == 0) continue;
    const model::MutexLock lock(shards_[i].mutex);
    const RecordTable& records = shards_[i].records;
    bytes +=
        records.heap_bytes_for(records.size() + shards_[i].awaited_users + users[i]) - records.heap_bytes();
  }
  return bytes;
}

void Directory::cancel(std::uint32_t hash, bool is_new) noexcept {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  --shard.awaited;
  if (is_new) --shard.awaited_users;
}

void Directory::push(std::uint32_t hash, RecordPtr version, bool is_new) noexcept {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  assert(shard.awaited > 0);
  --shard.awaited;
  if (is_new) --shard.awaited_users;
  const auto is_same = [&](const Record& other) { return other.external_id() == version->external_id(); };
  const std::size_t place = shard.records.find(hash, is_same);
  if (place == RecordTable::kNone) return shard.records.insert(hash, std::move(version));
  const Record* const newest = version.get();
  shard.predecessors.emplace(newest, shard.records.replace(place, std::move(version)));
}

void Directory::drop_predecessor(std::uint32_t hash, const Record& version) noexcept {
  Shard& shard = shards_[shard_of(hash)];
  RecordPtr older;   // freed when the lock is gone
  RecordPtr newest;
  const model::MutexLock lock(shard.mutex);
  const auto predecessor = shard.predecessors.find(&version);
  if (predecessor != shard.predecessors.end()) {
    older = std::move(predecessor->second);
    shard.predecessors.erase(predecessor);
    shard.release_large_room();
  }
  if (!version.is_tombstone()) return;
  const std::size_t place = shard.records.find(hash, [&](const Record& other) { return &other == &version; });
  if (place != RecordTable::kNone) newest = shard.records.erase(place);
}

}   // namespace usertags::index
