#include "index/directory.hpp"

#include <xxhash.h>

#include <cassert>

namespace usertags::index {

using model::Record;
using model::RecordPtr;

namespace {

// Makes a hash container keep `count` elements without allocating again. A table that lost elements may
// rehash earlier than its capacity tells (Boost.Unordered, "anti-drift"), so a full one is built anew.
template <class Table>
void make_room_in(Table& table, std::size_t count) {
  if (count <= table.max_load()) return;
  Table roomy(0, table.hash_function(), table.key_eq());
  roomy.reserve(count);
  for (auto element = table.begin(); element != table.end(); ++element) {
    roomy.insert(std::move(const_cast<typename Table::value_type&>(*element)));
  }
  table.swap(roomy);
}

}   // namespace

std::uint32_t Directory::hash(std::string_view external_id) noexcept {
  return static_cast<std::uint32_t>(XXH3_64bits(external_id.data(), external_id.size()));
}

bool Directory::Equal::operator()(const Entry& entry, const ByOrdinal& key) const noexcept {
  const Record* version = entry.newest.get();
  while (version->ordinal() != key.ordinal) {
    if (predecessors->empty()) return false;
    const auto older = predecessors->find(version);
    if (older == predecessors->end()) return false;
    version = older->second.get();
  }
  return true;
}

void Directory::reserve(std::size_t users) {
  for (Shard& shard : shards_) {
    const model::MutexLock lock(shard.mutex);
    shard.entries.reserve(users / kShards);
  }
}

bool Directory::load(RecordPtr record) {
  Shard& shard = shards_[shard_of(hash(record->external_id()))];
  const model::MutexLock lock(shard.mutex);
  return shard.entries.insert(Entry{std::move(record)}).second;
}

void Directory::Shard::make_room() {
  make_room_in(entries, entries.size() + awaited + 1);
  make_room_in(predecessors, predecessors.size() + awaited + 1);
  ++awaited;
}

void Directory::reserve(const Record& version) {
  Shard& shard = shards_[shard_of(hash(version.external_id()))];
  const model::MutexLock lock(shard.mutex);
  shard.make_room();
}

void Directory::cancel(const Record& version) noexcept {
  Shard& shard = shards_[shard_of(hash(version.external_id()))];
  const model::MutexLock lock(shard.mutex);
  --shard.awaited;
}

void Directory::push(RecordPtr version) noexcept {
  const ByExternalId key{hash(version->external_id()), version->external_id()};
  Shard& shard = shards_[shard_of(key.hash)];
  const model::MutexLock lock(shard.mutex);
  assert(shard.awaited > 0);
  --shard.awaited;
  const auto entry = shard.entries.find(key);
  if (entry == shard.entries.end()) {
    shard.entries.insert(Entry{std::move(version)});
    return;
  }
  const Record* const newest = version.get();
  shard.predecessors.emplace(newest, std::exchange(entry->newest, std::move(version)));
}

void Directory::drop_predecessor(const Record& version) noexcept {
  const ByExternalId key{hash(version.external_id()), version.external_id()};
  Shard& shard = shards_[shard_of(key.hash)];
  RecordPtr older;   // freed when the lock is gone
  RecordPtr newest;
  const model::MutexLock lock(shard.mutex);
  const auto predecessor = shard.predecessors.find(&version);
  if (predecessor != shard.predecessors.end()) {
    older = std::move(predecessor->second);
    shard.predecessors.erase(predecessor);
  }
  if (!version.is_tombstone()) return;
  const auto entry = shard.entries.find(key);
  if (entry == shard.entries.end() || entry->newest.get() != &version) return;
  newest = std::move(entry->newest);
  entry->newest = newest;   // erasing looks at the key once more
  shard.entries.erase(entry);
}

std::size_t Directory::heap_bytes() const noexcept {
  std::size_t bytes = 0;
  for (const Shard& shard : shards_) {
    const model::MutexLock lock(shard.mutex);
    // Of 16 bytes a group, 15 are for slots (Boost.Unordered, foa/table).
    bytes += shard.entries.bucket_count() * (sizeof(Entry) + 1) + shard.entries.bucket_count() / 15;
    bytes += shard.predecessors.bucket_count() * (sizeof(Predecessors::value_type) + 1);
  }
  return bytes;
}

}   // namespace usertags::index
