#include "index/directory.hpp"

#include <cassert>
#include <utility>

namespace usertags::index {

using model::Record;
using model::RecordPtr;

void Directory::reserve_users(std::size_t users) {
  for (Shard& shard : shards_) {
    const model::MutexLock lock(shard.mutex);
    shard.records.reserve(users / kShards);
  }
}

bool Directory::load(std::uint32_t hash, RecordPtr record) {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  const auto is_same = [&](const Record& other) { return other.external_id() == record->external_id(); };
  if (shard.records.find(hash, is_same) != RecordTable::kNone) return false;
  shard.records.reserve(shard.records.size() + 1);
  shard.records.insert(hash, std::move(record));
  return true;
}

// A map that lost elements may rehash earlier than its capacity told (Boost.Unordered, "anti-drift"), by one
// element for each that is lost: those that go before the push() make as much room as they take.
void Directory::Shard::make_room() {
  records.reserve(records.size() + awaited + 1);
  const std::size_t versions = predecessors.size() + awaited + 1;
  if (versions > predecessors.max_load()) {
    Predecessors roomy;
    roomy.reserve(versions);
    for (auto& [version, predecessor] : predecessors) roomy.emplace(version, std::move(predecessor));
    predecessors.swap(roomy);
  }
  ++awaited;
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

void Directory::reserve(std::uint32_t hash) {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  shard.make_room();
}

void Directory::cancel(std::uint32_t hash) noexcept {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  --shard.awaited;
}

void Directory::push(std::uint32_t hash, RecordPtr version) noexcept {
  Shard& shard = shards_[shard_of(hash)];
  const model::MutexLock lock(shard.mutex);
  assert(shard.awaited > 0);
  --shard.awaited;
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
  }
  if (!version.is_tombstone()) return;
  const std::size_t place = shard.records.find(hash, [&](const Record& other) { return &other == &version; });
  if (place != RecordTable::kNone) newest = shard.records.erase(place);
}

std::size_t Directory::heap_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const Shard& shard : shards_) {
    const model::MutexLock lock(shard.mutex);
    bytes += shard.records.heap_bytes();
    bytes += shard.predecessors.bucket_count() * (sizeof(Predecessors::value_type) + 1);
  }
  return bytes;
}

}   // namespace usertags::index
